"""Judges of pictures that nothing is trained on: one file, one question.

Each takes finished pictures, (H, W, 3) uint8 RGB, and knows nothing of what made them. `python -m evaluation.judge` asks
them all.
"""
