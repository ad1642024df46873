#!/usr/bin/env python3
"""Stylize a camera, live: the same as `streamstyle camera`."""

import signal
import sys

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while Python starts ends it without a word
    from streamstyle.__main__ import main

    sys.exit(main(["camera", *sys.argv[1:]]))
