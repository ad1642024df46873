"""What a user wants to see, and for every frame how it is to look."""
