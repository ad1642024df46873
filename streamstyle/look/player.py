"""A recipe being played: styles encoded, masks open; for every frame its Look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streamstyle.errors import UsageError
from streamstyle.frame import Image
from streamstyle.look.look import Look, Mask, Region
from streamstyle.look.masks import MaskTrack
from streamstyle.look.people import find_people, weights
from streamstyle.look.people.mask import PersonMask
from streamstyle.look.recipe import AS_REST, FACES, KEEP, LOOK_FIELDS, PAINT_FIELDS, Recipe
from streamstyle.look.timeline import at
from streamstyle.styles.code import STYLE_SIZE, StyleCode, blend
from streamstyle.styles.own import check_style_name, keeps_strokes

FindStyle = Callable[[str, int], StyleCode]


@dataclass(frozen=True, slots=True)
class _Part:
    """A style over a part of the frame, or over all of it."""

    code: StyleCode
    alpha: float
    mask: Mask | None = None

    def within(self, mask: Mask) -> "_Part":
        return _Part(self.code, self.alpha, mask if self.mask is None else mask * self.mask)


def check_style(recipe: Recipe) -> None:
    """See that a recipe has a style.

    Raises:
        UsageError: It has none.
    """
    if not recipe.style:
        raise UsageError(
            "wanted --style: a picture, or a built-in style such as composition (streamstyle styles shows them)"
        )


def check_names(recipe: Recipe, builtin: Sequence[str], model: str) -> None:
    """See that the styles of a recipe are known before a model is loaded, as `check_style_name` does for one."""
    for style in (*recipe.style, recipe.person, recipe.background):
        if style not in {KEEP, AS_REST}:
            check_style_name(style, builtin, model)


class Player:
    """What plays a recipe on one stream.

    Attributes:
        recipe: Its numbers may be replaced while it plays; another set of styles or masks wants another player.
    """

    def __init__(
        self,
        recipe: Recipe,
        find_style: FindStyle,
        *,
        loop: bool = False,
        before: "Player | None" = None,
    ) -> None:
        """Encode the styles, open the masks.

        Args:
            recipe: What to play.
            find_style: Gives the code of a name at an encoding size.
            loop: Play a mask video again and again.
            before: The player that this one follows on: what both need is shared.

        Raises:
            StyleError: A style cannot be used.
            UsageError: The recipe has no style, its mask cannot be opened, or people cannot be found.
        """
        check_style(recipe)
        self.recipe = recipe
        self._styles = list(recipe.style)
        if recipe.mask is not None and len(self._styles) == 1:
            self._styles.append(KEEP)
        own = [name for name in (recipe.person, recipe.background) if name not in {KEEP, AS_REST}]
        codes = {name: find_style(name, recipe.style_size) for name in [*self._styles, *own] if name != KEEP}
        if not codes:
            raise UsageError("every region is kept: give --style at least one style")
        self._warnings: list[str] = []
        fixed = sorted(code.name for style, code in codes.items() if keeps_strokes(style))
        if fixed and recipe.style_size != STYLE_SIZE:
            self._warnings.append(f"--style-size needs image files; these styles keep their strokes: {', '.join(fixed)}")
        # Who asks for it is told; by default it is for those who have it.
        if recipe.faces not in {0, FACES} and not weights.is_there(weights.FACES):
            self._warnings.append(
                "--faces does nothing: the model that finds faces is not installed; run: streamstyle install faces"
            )
        # A region that is kept needs some code, at a strength of 0.
        self._codes = codes | {KEEP: next(iter(codes.values()))}
        self._start: float | None = None
        self._mixture: tuple[list[float], StyleCode] | None = None
        self._track: MaskTrack | None = None
        self._people: PersonMask | None = None
        if recipe.mask is not None:
            if before is not None and before._track is not None and _masked_alike(recipe, before.recipe):
                self._track, self._start = before._track, before._start
            else:
                self._track = MaskTrack(recipe.mask, len(self._styles), feather=recipe.feather, loop=loop)
        try:
            if recipe.knows_people:
                self._people = (before and before._people) or find_people()
        except BaseException:
            self.close(*([] if before is None else [before]))
            raise

    @property
    def warnings(self) -> list[str]:
        """What the user should know; grows while it plays."""
        return self._warnings + ([] if self._track is None else self._track.warnings)

    @property
    def name(self) -> str:
        """Of the styles that are seen."""
        return "+".join(self._codes[name].name for name in self.recipe.style if name != KEEP)

    def fits(self, recipe: Recipe) -> bool:
        """Whether a recipe can be played by this player."""
        return differ_in_numbers(recipe, self.recipe)

    @property
    def follows_a_video(self) -> bool:
        """Whether a mask runs beside the frames, so that they must be played from the first one on."""
        return self._track is not None and not self._track.is_still

    @property
    def codes(self) -> Mapping[str, StyleCode]:
        """What the model knows of each style, by its name in the recipe."""
        return self._codes

    def again(self, start: float) -> "Player":
        """Another player of the same recipe with the same styles, for a stream that is taken up in its middle.

        Args:
            start: Where the recipe's times begin, in seconds on the stream's clock.
        """
        player = Player(self.recipe, lambda name, _size: self._codes[name])
        player._start = start
        return player

    def look(self, seconds: float, content: Image, size: int | None = None) -> Look:
        """How a frame is to look.

        Args:
            seconds: On the stream's clock; the first call's is the zero of the recipe's times. Must not go back.
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it is to be stylized; None for that of the recipe's strokes.
        """
        if self._start is None:
            self._start = seconds
        parts = self._parts(seconds - self._start, content)
        base, *regions = parts
        return Look(
            base.code,
            base.alpha,
            size or self.recipe.stroke_size,
            tuple(Region(part.mask, part.code, part.alpha) for part in regions if part.mask is not None),
            **{name: getattr(self.recipe, name) for name in PAINT_FIELDS},
        )

    def close(self, *others: "Player") -> None:
        """Release masks, but for what others share; once."""
        if self._track is not None and not any(other._track is self._track for other in others):
            self._track.close()

    def _parts(self, seconds: float, content: Image) -> list[_Part]:
        """What is seen; the first takes the place that the others leave."""
        height, width = content.shape[:2]
        parts = self._base(seconds, height, width)
        if self._people is None:
            return parts
        person = self._people.follow(content)
        both: list[_Part] = []
        for who, mask in ((self.recipe.background, (1 - person).astype(np.float32)), (self.recipe.person, person)):
            if who == AS_REST:
                both += [part.within(mask) for part in parts]
            else:
                alpha = 0.0 if who == KEEP else self.recipe.alpha[0].at(seconds)
                both.append(_Part(self._codes[who], alpha, mask))
        return both

    def _mixed(self, codes: list[StyleCode], weights: list[float], alphas: list[float]) -> _Part:
        """A blend of styles, each with a strength of its own: equation 14 within equation 15 of Huang & Belongie 2017.

        sum w (alpha AdaIN + (1 - alpha) content) is one blend by w alpha, at the strength sum w alpha.
        """
        total = sum(weights)
        weights = [weight / total for weight in weights] if total > 0 else [1 / len(weights)] * len(weights)
        shares = [weight * alpha for weight, alpha in zip(weights, alphas, strict=True)]
        strength = min(1.0, sum(shares))
        shares = shares if strength > 0 else weights
        # The same mixture is the same code: the stylizer knows by that that nothing has changed.
        if self._mixture is None or self._mixture[0] != shares:
            self._mixture = (shares, blend(codes, shares))
        return _Part(self._mixture[1], strength)

    def _base(self, seconds: float, height: int, width: int) -> list[_Part]:
        """Without regard to people: the blend, or the regions of the mask."""
        recipe = self.recipe
        alphas = at(recipe.alpha, seconds)
        alphas = alphas if len(alphas) == len(self._styles) else alphas[:1] * len(self._styles)
        codes = [self._codes[name] for name in self._styles]
        if self._track is None:
            return [self._mixed(codes, at(recipe.weights, seconds) or [1.0] * len(codes), alphas)]
        masks = self._track.at(seconds, height, width)
        alphas = [0.0 if name == KEEP else alpha for name, alpha in zip(self._styles, alphas, strict=True)]
        return [_Part(code, alpha, mask) for code, alpha, mask in zip(codes, alphas, masks, strict=True)]


def _masked_alike(recipe: Recipe, other: Recipe) -> bool:
    count = max(2, len(recipe.style)) == max(2, len(other.style))
    return count and (recipe.mask, recipe.feather) == (other.mask, other.feather)


def differ_in_numbers(recipe: Recipe, other: Recipe) -> bool:
    """Whether two recipes differ in nothing but numbers, so that one player can play both."""
    return all(getattr(recipe, name) == getattr(other, name) for name, known in LOOK_FIELDS.items() if known.new_player)
