"""One check per file: `findings(...)` yields what it finds. Where something breaks, `one_check.py` makes it a finding."""
