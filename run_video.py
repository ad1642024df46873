#!/usr/bin/env python3
"""Stylize videos and photos: the same as `streamstyle video`."""

import signal
import sys

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while Python starts ends it without a word
    from streamstyle.__main__ import main

    sys.exit(main(["video", *sys.argv[1:]]))
