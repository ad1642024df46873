"""`python -m training.per_style`; see training.per_style.command."""

import sys

from training.per_style.command import main

if __name__ == "__main__":
    sys.exit(main())
