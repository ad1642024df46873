"""What else than style and content is asked of a result while training, and the pictures that it is asked on."""
