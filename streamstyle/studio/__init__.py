"""The studio: everything from a browser, and an API for programs."""
