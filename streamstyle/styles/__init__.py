"""Style codes: what the model knows of a painting."""
