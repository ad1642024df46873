"""How cost grows: with pixels, styles, regions and controls; and how it falls with cores."""

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bench.clock import interleaved
from bench.report import Table
from bench.setting import Setting, named, pictures
from streamstyle.errors import ModelError
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.media.sinks.image import ImageSink
from streamstyle.paint.stylizer import Stylizer

_FRAMES = 8
_CHANGING = "1@0,0@600"


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    stylizer = Stylizer("fast", setting.device)
    return [_pixels(setting, stylizer), _looks(setting, stylizer), *_cores(setting)]


def _painter(
    setting: Setting, stylizer: Stylizer, images: list[Image], recipe: Recipe, players: list[Player]
) -> Callable[[], None]:
    """Paints some frames of one endless stream."""
    recipe = replace(recipe, strokes=min(images[0].shape[:2]))
    player, memory = Player(recipe, stylizer.encoder.find), stylizer.memory()
    players.append(player)
    shown = 0

    def paint() -> None:
        nonlocal shown
        for image in images:
            stylizer.stylize(image, player.look(shown / 25, image), memory, seconds=shown / 25)
            shown += 1

    return paint


def _pixels(setting: Setting, stylizer: Stylizer) -> Table:
    table = Table("Pixels", ["size", "megapixels", "ms", "ms per megapixel"], notes=[f"On {stylizer.provider}."])
    players: list[Player] = []
    actions = {}
    sizes = setting.sizes_or("360p", "480p", "720p", "1080p", "4k")
    for size in sizes:
        setting.say(f"growth: {named(size)}")
        images = pictures(setting.clip, size, 2)
        action = _painter(setting, stylizer, images, Recipe((setting.style,), temporal="off"), players)
        try:
            action()
        except ModelError as error:
            setting.say(f"left out: {named(size)}: {error}")
            continue
        actions[size] = action
    timings = interleaved(
        {named(size): action for size, action in actions.items()}, rounds=setting.rounds, budget=setting.budget
    )
    for size in actions:
        milliseconds = 1000 * timings[named(size)].median / 2
        millions = size[0] * size[1] / 1e6
        table.add(named(size), millions, milliseconds, milliseconds / millions)
    return table


def _looks(setting: Setting, stylizer: Stylizer) -> Table:
    """Everything compared with one plain style, in turns with that."""
    size = setting.sizes_or("360p")[0]
    images = pictures(setting.clip, size, _FRAMES)
    styles = [setting.style, *(name for name in stylizer.encoder.builtin.names() if name != setting.style)]
    still, changing = (Timeline.constant(1.0),), (Timeline.parse(_CHANGING),)
    recipes = {"1 style": Recipe(tuple(styles[:1]), temporal="off")}
    for count in (2, 4, 8):
        names = tuple(styles[:count])
        recipes[f"{count} styles blended"] = Recipe(names, weights=still * len(names), temporal="off")
        recipes[f"{count} styles, blend changing"] = Recipe(
            names, weights=changing + still * (len(names) - 1), temporal="off"
        )
    for count in (2, 3):
        mask = _mask(setting.folder / f"mask{count}.png", count)
        recipes[f"{count} regions"] = Recipe(tuple(styles[:count]), mask=str(mask), temporal="off")
    recipes |= {f"--color {mode}": Recipe(tuple(styles[:1]), color=mode, temporal="off") for mode in ("content", "luma")}
    recipes["--temporal on"] = Recipe(tuple(styles[:1]), temporal="on")
    setting.say("growth: styles, regions, controls")
    players: list[Player] = []
    actions = {name: _painter(setting, stylizer, images, recipe, players) for name, recipe in recipes.items()}
    timings = interleaved(actions, rounds=setting.rounds, budget=setting.budget)
    for player in players:
        player.close()
    table = Table(
        f"Looks, {named(size)}",
        ["look", "ms", "least ms", "processor ms", "times one style"],
        notes=[f"Look and stylizing, without decoding and encoding, on {stylizer.provider}."],
    )
    plain = timings["1 style"].median
    for name, timing in timings.items():
        seconds = (timing.median, timing.least, timing.work)
        table.add(name, *(1000 * value / _FRAMES for value in seconds), timing.median / plain)
    return table


def _mask(path: Path, count: int) -> Path:
    """Vertical bands."""
    levels = np.repeat(np.linspace(255, 0, count), 96 // count).astype(np.uint8)
    mask = np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (54, len(levels), 3)))
    with ImageSink(path, overwrite=True) as sink:
        sink.write(Frame(mask, 0, Fraction(0)))
    return path


def _cores(setting: Setting) -> list[Table]:
    """One size on ever more cores, up to 16; nothing where a process cannot be kept to some of them."""
    if not hasattr(os, "sched_setaffinity"):  # macOS and Windows
        return []
    size = setting.sizes_or("360p")[0]
    images, players = pictures(setting.clip, size, _FRAMES), list[Player]()
    table = Table(f"Cores, {named(size)}", ["cores", "ms", "times one core"], notes=["Look and stylizing."])
    allowed, one = os.sched_getaffinity(0), 0.0
    try:
        for count in (count for count in (1, 2, 4, 8, 16) if count <= len(allowed)):
            setting.say(f"growth: {count} cores")
            os.sched_setaffinity(0, sorted(allowed)[:count])
            action = _painter(
                setting, Stylizer("fast", setting.device), images, Recipe((setting.style,), temporal="off"), players
            )
            action()
            seconds = interleaved({"": action}, rounds=setting.rounds, budget=setting.budget)[""].median / _FRAMES
            one = one or seconds
            table.add(count, 1000 * seconds, one / seconds)
    finally:
        os.sched_setaffinity(0, allowed)
        for player in players:
            player.close()
    return [table]
