"""`streamstyle video`: photos and videos in, stylized photos and videos out."""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from streamstyle.commands.install import need
from streamstyle.commands.parser import named_files
from streamstyle.commands.preview import PREVIEW_SUFFIX, output_of, preview_one, wants_preview, what_else
from streamstyle.commands.progress import FrameProgress, complain, teller
from streamstyle.commands.styles import list_styles
from streamstyle.errors import SourceError, StreamstyleError, UsageError
from streamstyle.files.batch import Plan, Task, plan_inputs
from streamstyle.files.job import Job, Report, default_output
from streamstyle.files.run import stylize_source
from streamstyle.look.look_file import check_look_place, save_recipe
from streamstyle.look.options import recipe_of
from streamstyle.look.people import weights
from streamstyle.look.player import Player, check_names, check_style
from streamstyle.look.recipe import Recipe
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import reached
from streamstyle.runtime.catalog import find_model
from streamstyle.styles.names import spelled
from streamstyle.styles.own import own_styles
from streamstyle.styles.store import builtin_names, is_bare

log = logging.getLogger(__name__)

_MOST_TOLD = 20


def video_command(options: argparse.Namespace, console: Console) -> int:
    """Stylize files; returns the exit code."""
    if options.list_styles:
        return list_styles(options.model, as_json=options.json)
    if not options.inputs:
        raise UsageError(_no_input(options.style))
    if options.end is not None and options.end <= (options.start or 0):
        raise UsageError("--end must come after --start")
    recipe = recipe_of(options)
    log.debug("look: %s", recipe)
    if options.save_look is not None:
        reads = (*options.inputs, *recipe.files, *named_files(options, but=("look", "save_look")))
        check_look_place(options.save_look, overwrite=options.overwrite, reads=reads)
    return _stylize_files(options, recipe, console)


def _stylize_files(options: argparse.Namespace, recipe: Recipe, console: Console) -> int:
    """Paint with checked options; what cannot be done is reported before a model is loaded."""
    files = find_model(options.model)
    known = builtin_names(files.styles)
    if not recipe.style and len(known) == 1 and not files.style.is_file():
        recipe = replace(recipe, style=tuple(known))
    check_style(recipe)
    check_names(recipe, known, options.model)
    spelled_out = tuple((is_bare(style) and spelled(style, known)) or style for style in recipe.style)
    recipe = replace(recipe, style=spelled_out)
    plan = plan_inputs(
        options.inputs,
        options.output,
        recipe.name + what_else(options),
        (*known, *own_styles()),
        start=options.start,
        end=options.end,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
        ending=PREVIEW_SUFFIX if wants_preview(options) else None,
        reads=(*recipe.files, *named_files(options, but=())),
    )
    _tell_plan(plan, console, as_json=options.json)
    if not plan.to_do:
        return _end(plan, sum(bool(task.problem) for task in plan.tasks), console)
    if recipe.knows_people:
        need(weights.PEOPLE)
    stylizer = Stylizer(
        options.model,
        options.device,
        precision=options.precision,
        tell=teller(console),
        for_frames=not all(task.is_photo for task in plan.to_do),
    )
    teller(console)(stylizer.description)
    recipe = stylizer.encoder.resolved(recipe)
    Player(recipe, stylizer.encoder.find).close()  # reports errors before any work
    if options.save_look is not None:
        save_recipe(recipe, options.save_look, overwrite=options.overwrite)
        console.print(f"look: {options.save_look}", highlight=False, soft_wrap=True)
    return _stylize_all(options, plan, stylizer, recipe, console)


def _stylize_all(options: argparse.Namespace, plan: Plan, stylizer: Stylizer, recipe: Recipe, console: Console) -> int:
    """Paint every input in turn; if one fails, the others are still painted."""
    reads = (*(task.name for task in plan.tasks), *recipe.files, *named_files(options, but=()))
    failures = sum(bool(task.problem) for task in plan.tasks)
    untold: OSError | None = None
    for task in plan.to_do:
        try:
            report = _stylize_one(options, task, reads, stylizer, recipe, console)
        except Exception as error:  # the other inputs are still painted
            if plan.is_single:
                if isinstance(error, StreamstyleError):
                    _tell_failure(task.name, str(error), as_json=options.json, aloud=False)
                raise
            words = str(error) if isinstance(error, StreamstyleError) else f"{quoted(task.name)} failed: {reason(error)}"
            failures += 1
            _tell_failure(task.name, words, as_json=options.json)
            continue
        try:
            tell(report, console, as_json=options.json)
        except OSError as error:  # the terminal may be gone: go on with the other inputs
            untold = error
    if untold is not None:
        raise untold
    return _end(plan, failures, console)


def _end(plan: Plan, failures: int, console: Console) -> int:
    """Print how many inputs were done and failed; returns the exit code."""
    if not plan.is_single:
        there = sum(task.is_there for task in plan.tasks)
        counts = [f"{len(plan.tasks) - failures - there} made", *([f"{there} were there"] if there else [])]
        counts += [f"{failures} failed"] if failures else []
        console.print(", ".join(counts), highlight=False)
    return 1 if failures else 0


def _no_input(styles: Sequence[str] | None) -> str:
    """The message if no input was named, or if it was taken for a style."""
    wanted = "wanted an INPUT: a video, a photo, a folder or a URL"
    last = (styles or [""])[-1]
    if len(styles or ()) > 1 or (last and not is_bare(last)):
        return f"{wanted}; if that is {quoted(last)}, name it before --style"
    return f"{wanted}; such as: streamstyle video holiday.mp4 --style composition"


def _tell_plan(plan: Plan, console: Console, *, as_json: bool) -> None:
    """Print what will be made, and what cannot, before the first frame."""
    for note in plan.notes:
        complain(note)
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
        complain(words)
    if as_json:
        print(json.dumps({"input": name, "error": words}), flush=True)


def _stylize_one(
    options: argparse.Namespace,
    task: Task,
    reads: tuple[str, ...],
    stylizer: Stylizer,
    recipe: Recipe,
    console: Console,
) -> Report:
    """Paint one input; `reads` holds all files of the run."""
    if wants_preview(options):
        return preview_one(options, task, reads, stylizer, recipe)
    alpha = options.compare is None
    with reached(
        task.name,
        lambda: open_source(
            task.name,
            start=options.start,
            end=options.end,
            hwaccel=options.hwaccel,
            keep_alpha=alpha,
            may_be_pipe=task.is_pipe,
        ),
        undo=lambda source: source.close(),
    ) as source:
        # Whether a photo is transparent is known once it is open.
        suffix = default_output(source.info, recipe.name, None).suffix
        job = Job(
            output_of(options, task, suffix),
            start=options.start,
            end=options.end,
            output_size=options.output_size,
            codec=options.codec,
            crf=options.crf,
            overwrite=options.overwrite,
            keep_gps=options.keep_gps,
            reads=reads,
            skip_duplicates=options.skip_duplicates,
            compare=options.compare,
            hwaccel=options.hwaccel,
            resume=options.resume,
            workers=options.workers,
            cluster=options.cluster,
        )
        player = Player(recipe, stylizer.encoder.find)  # one per input: masks and times start again
        try:
            with FrameProgress(Path(task.name).name, source.info.frame_count, console) as progress:
                return stylize_source(
                    source,
                    job,
                    stylizer,
                    player,
                    size=options.size,
                    progress=progress.advance,
                    tell=teller(console),
                )
        finally:
            player.close()


def tell(report: Report, console: Console, *, as_json: bool) -> None:
    """Print the report of an input, for people and for programs."""
    stages = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in report.milliseconds.items())
    log.debug("%s: painted at %dx%d; milliseconds per frame: %s", report.input, *report.size, stages)
    for warning in report.warnings:
        complain(f"warning: {warning}")
    pace = f"{report.frames} frames in {report.seconds:.1f} s, {report.fps:.1f} fps"
    if report.frames == 1:
        pace = f"1 frame in {report.seconds:.2f} s"
    if report.reused:
        pace += f" ({report.reused} repeat the one before and were not painted again)"
    teller(console)(f"{pace} on {report.provider}: {report.output}")
    if as_json:
        print(json.dumps(report.as_json()), flush=True)
