#!/usr/bin/env python3
"""Stylize videos and photos: the same as `streamstyle video`."""

import sys

from streamstyle.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["video", *sys.argv[1:]]))
