"""`python -m models.gatys`: see models.gatys.command."""

from models.gatys.command import main

if __name__ == "__main__":
    raise SystemExit(main())
