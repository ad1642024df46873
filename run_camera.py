#!/usr/bin/env python3
"""Stylize a camera, live: the same as `streamstyle camera`."""

import sys

from streamstyle.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["camera", *sys.argv[1:]]))
