"""From a frame and a look to a painted frame."""
