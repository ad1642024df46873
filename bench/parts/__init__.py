"""The parts of `python -m bench`; each has a function `measure` that returns tables."""
