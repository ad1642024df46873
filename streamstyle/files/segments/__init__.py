"""Films in segments: each painted by itself, kept as it is done, and joined at the end."""
