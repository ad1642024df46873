"""The values that a key of the live window steps through, and the words for them."""

from collections.abc import Mapping
from typing import Any

from streamstyle.look.recipe import AS_REST, KEEP, STROKE_SIZES, Recipe

PRESETS: dict[str, list[tuple[dict[str, Any], str]]] = {
    "color": [
        ({"color": "style"}, "colors of the painting"),
        ({"color": "content"}, "colors of the camera"),
        ({"color": "luma"}, "chroma of the camera, light of the painting"),
    ],
    "people": [
        ({"person": AS_REST, "background": AS_REST}, "all is painted"),
        ({"person": KEEP, "background": AS_REST}, "people stay as they are"),
        ({"person": AS_REST, "background": KEEP}, "only people are painted"),
    ],
    "strokes": [({"strokes": name}, f"{name} strokes") for name in STROKE_SIZES],
    "grain": [({"grain": grain}, f"{word} grain in skies") for grain, word in ((0.0, "no"), (0.5, "some"), (1.0, "much"))],
    "temporal": [({"temporal": "on"}, "strokes stay still"), ({"temporal": "off"}, "strokes move with every frame")],
}


def following(field: str, recipe: Recipe) -> tuple[dict[str, Any], str]:
    """The preset after the one that a recipe has, and the words for it; the first one if it has none of them."""
    presets = PRESETS[field]
    now = next((number for number, (values, _) in enumerate(presets) if has(recipe, values)), -1)
    return presets[(now + 1) % len(presets)]


def has(recipe: Recipe, values: Mapping[str, object]) -> bool:
    """Whether a recipe has these values."""
    return all(getattr(recipe, name) == value for name, value in values.items())
