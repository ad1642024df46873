"""A style tuned for one painting: what it learns from, and the other process that does it."""
