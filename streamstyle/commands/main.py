"""The command line: parse, open, run, and turn every failure into one line and an exit code.

Exit codes: 0 done; 1 something failed; 2 the command line is wrong; 130 and 143 stopped by Ctrl-C and by SIGTERM.
"""

import argparse
import io
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from streamstyle import __version__
from streamstyle.commands.camera import add_camera_arguments, camera_command, with_config
from streamstyle.commands.demo import run_demo
from streamstyle.commands.progress import FrameProgress, teller
from streamstyle.commands.sheet import add_sheet_arguments, sheet_command
from streamstyle.doctor import add_doctor_arguments, doctor_command
from streamstyle.errors import Interrupted, StreamstyleError, UsageError
from streamstyle.files.job import Job, Report, default_output, stylize_source
from streamstyle.look.options import add_look_arguments, recipe_of
from streamstyle.look.people import find_people
from streamstyle.look.player import Scene
from streamstyle.look.recipe import Recipe, check_look_place, save_recipe
from streamstyle.look.removed import removed
from streamstyle.look.values import add_profile_argument, size_argument, time_argument
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sources import expand_inputs, hardware, open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes
from streamstyle.pipeline.trace import Trace, profiled
from streamstyle.runtime.catalog import MODELS
from streamstyle.runtime.table import DEVICES, PRECISIONS


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle video` and `run_video.py`."""
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="videos, photos, folders of them, or URLs")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="a file, or a folder for several inputs")
    add_look_arguments(parser)
    parser.add_argument(
        "--model", default="fast", metavar="NAME", help=f"{', '.join(MODELS)}, or the path of an .onnx file (default: fast)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="of the convolutions (default: auto, the fastest here)"
    )
    parser.add_argument("--size", type=size_argument, metavar="N", help="short side at which frames are stylized")
    parser.add_argument("--output-size", type=size_argument, metavar="N", help="short side of the result")
    parser.add_argument("--start", type=time_argument, metavar="T", help="begin here: seconds or h:mm:ss")
    parser.add_argument("--end", type=time_argument, metavar="T", help="stop here")
    parser.add_argument(
        "--hwaccel",
        choices=hardware.choices(),
        default=hardware.OFF,
        help="what decodes videos (default: off, the CPU)",
    )
    parser.add_argument("--codec", metavar="C", help="video codec (default: h264, or what the container wants)")
    parser.add_argument("--crf", type=int, metavar="N", help="video quality: lower is better and larger")
    parser.add_argument(
        "--skip-duplicates",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="paint a frame that repeats the one before only once (default: yes)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    parser.add_argument("--keep-gps", action="store_true", help="keep in the result where a photo was taken")
    add_profile_argument(parser)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON per input on standard output")
    parser.add_argument("--list-styles", action="store_true", help="show the built-in styles and stop")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def video_command(options: argparse.Namespace, console: Console) -> int:
    """Stylize files; returns the exit code."""
    if options.list_styles:
        return list_styles(options)
    if not options.inputs:
        raise UsageError("wanted at least one INPUT (a video, a photo, a folder or a URL), before the options")
    if options.end is not None and options.end <= (options.start or 0):
        raise UsageError("--end must come after --start")
    if options.crf is not None and not 0 <= options.crf <= 63:
        raise UsageError(f"--crf must lie between 0 and 63, got {options.crf}")
    recipe = recipe_of(options)
    if options.save_look is not None:
        check_look_place(options.save_look, overwrite=options.overwrite)
    inputs = expand_inputs(options.inputs)
    with profiled(options.profile, teller(console), overwrite=options.overwrite) as trace:
        return _stylize_files(options, inputs, recipe, console, trace)


def _stylize_files(
    options: argparse.Namespace, inputs: list[str], recipe: Recipe, console: Console, trace: Trace | None
) -> int:
    """With what was checked of the command line."""
    times = StageTimes(trace)
    with times.span("load model"):
        stylizer = Stylizer(options.model, options.device, precision=options.precision, tell=teller(console))
    console.print(stylizer.description, highlight=False, soft_wrap=True)
    if not recipe.style and stylizer.only_style:
        recipe = replace(recipe, style=(stylizer.only_style,))
    with times.span("encode style"):
        Scene(recipe, stylizer.find_style, find_people).close()  # what is wrong with it is said before any work
    if options.save_look is not None:
        save_recipe(recipe, options.save_look, overwrite=options.overwrite)
        console.print(f"look: {options.save_look}", highlight=False, soft_wrap=True)
    return _stylize_all(options, inputs, stylizer, recipe, console, trace)


def _stylize_all(
    options: argparse.Namespace,
    inputs: list[str],
    stylizer: Stylizer,
    recipe: Recipe,
    console: Console,
    trace: Trace | None,
) -> int:
    """Every input in turn: one that fails does not keep the others from being done."""
    folder = _output_folder(options.output, many=len(inputs) > 1)
    failures = 0
    taken: set[Path] = set()
    reads = (*inputs, *recipe.files, *(str(path) for path in (options.look, options.model) if path))
    for name in inputs:
        try:
            with StageTimes(trace).span(Path(name).name):
                report = _stylize_one(options, name, folder, taken, reads, stylizer, recipe, console, trace)
        except UsageError:
            raise
        except StreamstyleError as error:
            if len(inputs) == 1:
                raise
            failures += 1
            _complain(f"{error}")
            continue
        _tell(report, console, as_json=options.json)
    return 1 if failures else 0


def _stylize_one(
    options: argparse.Namespace,
    name: str,
    folder: Path | None,
    taken: set[Path],
    reads: tuple[str, ...],
    stylizer: Stylizer,
    recipe: Recipe,
    console: Console,
    trace: Trace | None,
) -> Report:
    """One input; `taken` holds the outputs of those before it, `reads` all files of the run."""
    with open_source(name, start=options.start, end=options.end, hwaccel=options.hwaccel, keep_alpha=True) as source:
        output: Path | None = options.output
        if output is None or folder is not None:
            output = default_output(source.info, recipe.name, folder)
        if output.absolute() in taken:
            raise UsageError(f"two inputs would both be written to '{output}'; run them one by one with -o")
        taken.add(output.absolute())
        job = Job(
            output,
            start=options.start,
            end=options.end,
            output_size=options.output_size,
            codec=options.codec,
            crf=options.crf,
            overwrite=options.overwrite,
            keep_gps=options.keep_gps,
            reads=reads,
            skip_duplicates=options.skip_duplicates,
        )
        scene = Scene(recipe, stylizer.find_style, find_people)  # one per input: masks and keys begin anew
        try:
            with FrameProgress(Path(name).name, source.info.frame_count, console) as progress:
                return stylize_source(
                    source, job, stylizer, scene, size=options.size, progress=progress.advance, trace=trace
                )
        finally:
            scene.close()


def _output_folder(output: Path | None, *, many: bool) -> Path | None:
    """The folder that results go to, or None when the output is a file's name or not given."""
    if output is None:
        return None
    if output.is_dir() or (many and not output.exists()) or str(output).endswith(("/", "\\")):
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {quoted(output)}: {reason(error)}") from error
        return output
    if many:
        raise UsageError(f"several inputs need a folder for -o, but '{output}' is a file")
    return None


def _tell(report: Report, console: Console, *, as_json: bool) -> None:
    for warning in report.warnings:
        _complain(f"warning: {warning}")
    pace = f"{report.frames} frames in {report.seconds:.1f} s, {report.fps:.1f} fps"
    if report.frames == 1:
        pace = f"1 frame in {report.seconds:.2f} s"
    if report.reused:
        pace += f" ({report.reused} repeat the one before and were not painted again)"
    console.print(
        f"{pace} on {report.provider}: {report.output}",
        soft_wrap=True,
        highlight=False,
    )
    if as_json:
        print(json.dumps(report.as_json()), flush=True)


def demo_command(options: argparse.Namespace, console: Console) -> int:
    """Run the demonstration; returns the exit code."""
    stylizer = Stylizer("fast", options.device, tell=teller(console))
    console.print(stylizer.description, highlight=False, soft_wrap=True)
    report, picture = run_demo(stylizer, options.style, options.output, overwrite=options.overwrite)
    _tell(report, console, as_json=False)
    console.print(f"before and after: {picture}", soft_wrap=True, highlight=False)
    return 0


def list_styles(options: argparse.Namespace) -> int:
    """Print the built-in styles."""
    styles = Stylizer(options.model, "cpu").builtin_styles.styles
    if options.json:
        print(json.dumps([{"name": style.name, "description": style.description} for style in styles]))
        return 0
    table = Table("style", "after", box=None, pad_edge=False)
    for style in styles:
        table.add_row(style.name, style.description)
    Console().print(table)
    return 0


def _complain(message: str) -> None:
    print(f"streamstyle: {message}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (--help shows all options)\n")


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the program at once, should closing the output hang.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    raise Interrupted(signal_number)


def build_parser() -> argparse.ArgumentParser:
    """The parser of `streamstyle`."""
    parser = _Parser(
        prog="streamstyle", description="Any painting, on any camera or video, in real time.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"streamstyle {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    video = commands.add_parser("video", help="stylize videos and photos", allow_abbrev=False)
    add_video_arguments(video)
    video.set_defaults(run=video_command)
    camera = commands.add_parser("camera", help="stylize a camera, live", allow_abbrev=False)
    add_camera_arguments(camera)
    camera.set_defaults(run=camera_command, quiet=False)
    demo = commands.add_parser("demo", help="stylize a sample clip and show it side by side", allow_abbrev=False)
    demo.add_argument("--style", default="starry-night", help="an image file or the name of a built-in style")
    demo.add_argument("-o", "--output", type=Path, default=Path("demo"), help="folder for the results (default: demo)")
    demo.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    demo.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")
    demo.set_defaults(run=demo_command, quiet=False, json=False)
    sheet = commands.add_parser("sheet", help="one photo through all styles and controls", allow_abbrev=False)
    add_sheet_arguments(sheet)
    sheet.set_defaults(run=sheet_command, quiet=False, json=False)
    doctor = commands.add_parser("doctor", help="tell what this machine can do", allow_abbrev=False)
    add_doctor_arguments(doctor)
    doctor.set_defaults(run=lambda options, _console: doctor_command(options), quiet=False)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names may hold letters that the terminal's encoding lacks
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        if words[:1] == ["camera"]:
            words[1:] = with_config(words[1:])
        if line := removed(words):
            raise UsageError(line)
        options = build_parser().parse_args(words)
        # Names of files and packages hold brackets, which are no markup: streamstyle[gpu].
        console = Console(stderr=options.json, quiet=options.quiet, markup=False)
        return int(options.run(options, console))
    except Interrupted as interruption:
        if interruption.unfinished:
            _complain(f"stopped; what was done so far plays: {interruption.unfinished}")
        else:
            _complain("stopped")
        return 128 + interruption.signal_number
    except UsageError as error:
        _complain(f"{error}")
        return 2
    except StreamstyleError as error:
        _complain(f"{error}")
        return 1
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        sys.stderr.close()
        return 1
    except OSError as error:
        # Of the system, in a place where nobody expects it: a forbidden folder, a full disk, a name that is too long.
        _complain(f"{reason(error)}: {quoted(error.filename)}" if error.filename else reason(error))
        return 1
