"""Figures of pictures, clips and runs."""
