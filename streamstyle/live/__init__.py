"""A camera, painted while it runs."""
