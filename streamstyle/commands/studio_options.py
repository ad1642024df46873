"""The options of `streamstyle studio`."""

import argparse
from pathlib import Path

from streamstyle.commands.parser import add_model_arguments
from streamstyle.look.options import add_look_arguments
from streamstyle.look.values import auto_size_argument, port_argument

USUAL_PORT = 8100
PASSWORD = "STREAMSTYLE_PASSWORD"
"""The variable of the environment that may hold it."""


def add_studio_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle studio`."""
    parser.add_argument("--camera", metavar="C", help="begin with this one: number, name, path, a film or an address")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    parser.add_argument(
        "--port", type=port_argument, metavar="N", help=f"port to listen at (default: {USUAL_PORT}, or the next free one)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder for styles, looks, films and pictures")
    parser.add_argument(
        "--new-token", action="store_true", help="make a new token; addresses with the old one no longer work"
    )
    network = parser.add_argument_group("for other devices, such as a phone")
    network.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="H",
        help="where to listen; 0.0.0.0: for the whole network, which needs a password (default: this computer only)",
    )
    network.add_argument(
        "--password",
        action="store_true",
        help=f"ask for the password with which other devices get in (or set {PASSWORD})",
    )
    network.add_argument("--https", action="store_true", help="encrypt; phones give their camera to such pages only")
    network.add_argument("--certificate", type=Path, metavar="FILE", help="your own certificate for --https, PEM")
    network.add_argument("--key", type=Path, metavar="FILE", help="the private key of --certificate, PEM")
    network.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another host name of the studio",
    )
    add_look_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument("--size", type=auto_size_argument, metavar="auto|N", help="paint live at this short side")
    parser.add_argument("--mirror", action=argparse.BooleanOptionalAction, default=False, help="swap left and right")
