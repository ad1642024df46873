"""The command line: parse, open, run, and turn every failure into one line and an exit code.

Exit codes: 0 done; 1 something failed; 2 the command line is wrong; 130, 143 and 129 stopped by Ctrl-C, by SIGTERM and
since the terminal was closed.
"""

import argparse
import io
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from streamstyle import __version__
from streamstyle.commands.camera import camera_command
from streamstyle.commands.camera_options import add_camera_arguments, with_config
from streamstyle.commands.demo import run_demo
from streamstyle.commands.progress import FrameProgress, teller
from streamstyle.commands.sheet import add_sheet_arguments, sheet_command
from streamstyle.doctor import add_doctor_arguments, doctor_command
from streamstyle.errors import Interrupted, SourceError, StreamstyleError, UsageError
from streamstyle.files.batch import Plan, Task, plan_inputs
from streamstyle.files.job import Job, Report, default_output, stylize_source
from streamstyle.look.look_file import check_look_place, save_recipe
from streamstyle.look.options import add_look_arguments, recipe_of
from streamstyle.look.people import find_people
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.look.removed import removed
from streamstyle.look.values import add_profile_argument, size_argument, time_argument
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sources import hardware, open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes
from streamstyle.pipeline.trace import Trace, profiled
from streamstyle.runtime.catalog import MODELS
from streamstyle.runtime.session import DEVICES, PRECISIONS

_MOST_TOLD = 20


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle video` and `run_video.py`."""
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="videos, photos, folders of them, or URLs")
    parser.add_argument("-o", "--output", metavar="OUT", help="a file, or a folder for several inputs")
    add_look_arguments(parser)
    parser.add_argument(
        "--model", default="fast", metavar="NAME", help=f"{', '.join(MODELS)}, or the path of an .onnx file (default: fast)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="of the convolutions (default: auto, the fastest here)"
    )
    parser.add_argument("--size", type=size_argument, metavar="N", help="paint at this short side instead of --strokes")
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
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    existing.add_argument("--skip-existing", action="store_true", help="leave out inputs whose outputs exist")
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
    with profiled(options.profile, teller(console), overwrite=options.overwrite) as trace:
        return _stylize_files(options, recipe, console, trace)


def _stylize_files(options: argparse.Namespace, recipe: Recipe, console: Console, trace: Trace | None) -> int:
    """With what was checked of the command line."""
    times = StageTimes(trace)
    with times.span("load model"):
        stylizer = Stylizer(options.model, options.device, precision=options.precision, tell=teller(console))
    console.print(stylizer.description, highlight=False, soft_wrap=True)
    if not recipe.style and stylizer.encoder.only_style:
        recipe = replace(recipe, style=(stylizer.encoder.only_style,))
    with times.span("encode style"):
        Player(recipe, stylizer.encoder.find, find_people).close()  # what is wrong with it is said before any work
    if options.save_look is not None:
        save_recipe(recipe, options.save_look, overwrite=options.overwrite)
        console.print(f"look: {options.save_look}", highlight=False, soft_wrap=True)
    return _stylize_all(options, stylizer, recipe, console, trace)


def _stylize_all(
    options: argparse.Namespace, stylizer: Stylizer, recipe: Recipe, console: Console, trace: Trace | None
) -> int:
    """Every input in turn: one that fails does not keep the others from being done."""
    reads = (*recipe.files, *(str(path) for path in (options.look, options.model) if path))
    plan = plan_inputs(
        options.inputs,
        options.output,
        recipe.name,
        stylizer.encoder.builtin.names(),
        start=options.start,
        end=options.end,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
        reads=reads,
    )
    _tell_plan(plan, console, as_json=options.json)
    reads = (*(task.name for task in plan.tasks), *reads)
    failures = sum(bool(task.problem) for task in plan.tasks)
    for task in plan.to_do:
        try:
            with StageTimes(trace).span(Path(task.name).name):
                report = _stylize_one(options, task, reads, stylizer, recipe, console, trace)
        except Exception as error:  # one bad input must not keep the others from being done, whatever it sets off
            if plan.is_single and isinstance(error, StreamstyleError):
                _tell_failure(task.name, str(error), as_json=options.json, aloud=False)
                raise
            if plan.is_single:
                raise
            words = str(error) if isinstance(error, StreamstyleError) else f"{quoted(task.name)} failed: {reason(error)}"
            failures += 1
            _tell_failure(task.name, words, as_json=options.json)
            continue
        _tell(report, console, as_json=options.json)
    if not plan.is_single:
        there = sum(task.is_there for task in plan.tasks)
        counts = [f"{len(plan.tasks) - failures - there} made", *([f"{there} were there"] if there else [])]
        counts += [f"{failures} failed"] if failures else []
        console.print(", ".join(counts), highlight=False)
    return 1 if failures else 0


def _tell_plan(plan: Plan, console: Console, *, as_json: bool) -> None:
    """What will be made, and what cannot, before the first frame."""
    for note in plan.notes:
        _complain(note)
    for task in plan.tasks:
        if task.problem:
            _tell_failure(task.name, task.problem, as_json=as_json, aloud=not plan.is_single)
            if plan.is_single:
                raise SourceError(task.problem)
        elif task.is_there:
            console.print(f"{task.output} is there", highlight=False, soft_wrap=True)
            if as_json:
                print(json.dumps({"input": task.name, "output": str(task.output), "skipped": True}), flush=True)
    if plan.is_single or not plan.to_do:
        return
    for task in plan.to_do[:_MOST_TOLD]:
        console.print(f"{task.name} -> {task.output}", highlight=False, soft_wrap=True)
    if len(plan.to_do) > _MOST_TOLD:
        console.print(f"and {len(plan.to_do) - _MOST_TOLD} more", highlight=False)


def _tell_failure(name: str, words: str, *, as_json: bool, aloud: bool = True) -> None:
    if aloud:
        _complain(words)
    if as_json:
        print(json.dumps({"input": name, "error": words}), flush=True)


def _stylize_one(
    options: argparse.Namespace,
    task: Task,
    reads: tuple[str, ...],
    stylizer: Stylizer,
    recipe: Recipe,
    console: Console,
    trace: Trace | None,
) -> Report:
    """One input; `reads` holds all files of the run."""
    with open_source(task.name, start=options.start, end=options.end, hwaccel=options.hwaccel, keep_alpha=True) as source:
        output = task.output
        if options.output is None or output != Path(options.output):
            # Only the open photo tells whether it is transparent.
            output = output.with_suffix(default_output(source.info, recipe.name, None).suffix)
            _make_folder(output.parent)
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
        player = Player(recipe, stylizer.encoder.find, find_people)  # one per input: masks and keys begin anew
        try:
            with FrameProgress(Path(task.name).name, source.info.frame_count, console) as progress:
                return stylize_source(
                    source, job, stylizer, player, size=options.size, progress=progress.advance, trace=trace
                )
        finally:
            player.close()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot make the folder {quoted(folder)}: {reason(error)}") from error


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
    styles = Stylizer(options.model, "cpu").encoder.builtin.styles
    if options.json:
        print(json.dumps([{"name": style.name, "description": style.description} for style in styles]))
        return 0
    table = Table("style", "after", box=None, pad_edge=False)
    for style in styles:
        table.add_row(style.name, style.description)
    Console().print(table)
    return 0


def _complain(message: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(f"streamstyle: {message}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (--help shows all options)\n")


# The last one comes when the terminal is closed; Windows has none.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the program at once, should closing the output hang.
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    raise Interrupted(signal_number)


def _take_signals() -> None:
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _stop)


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
    _take_signals()
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
