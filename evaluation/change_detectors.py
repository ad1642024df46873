"""`python -m evaluation.change_detectors FOLDER`: detectors of cuts and estimators of light, against each other.

Made of the clips in a folder (asl_*.mkv, bottle-detection.mp4, bbb_480p_30s.mp4), at 180 lines, with a little noise, at 10,
25 and 60 frames a second: shots joined by cuts, dissolves, fades to black and back, flashes of one frame, whip pans.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.media.sources import open_source
from streamstyle.paint.steady.exposure import Light
from streamstyle.paint.steady.flow import FlowFinder, grid, moved
from streamstyle.paint.steady.light import relit
from streamstyle.paint.steady.steadier import _most, _moves, _trust

SHOTS = {
    "book": ("asl_book.mkv", 30, 0, 109),
    "sister": ("asl_sister.mkv", 30, 0, 87),
    "thanks": ("asl_thanks.mkv", 30, 0, 51),
    "bottle": ("bottle-detection.mp4", 30, 480, 600),
    "sky": ("bbb_480p_30s.mp4", 24, 180, 285),
    "brook": ("bbb_480p_30s.mp4", 24, 285, 378),
    "bird": ("bbb_480p_30s.mp4", 24, 400, 500),
    "den": ("bbb_480p_30s.mp4", 24, 553, 680),
}
RATES = (10, 25, 60)
KINDS = ("cut", "same room", "dissolve", "fade", "flash", "pan", "whip pan", "plain")
RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 1, (7, 180, 240, 3)).round().astype(np.int16)

Shot = Callable[[float], Image]


def shots(folder: Path) -> dict[str, Shot]:
    found: dict[str, Shot] = {}
    for name, (file, rate, first, last) in SHOTS.items():
        with open_source(str(folder / file)) as source:
            frames = []
            for frame in source:
                if frame.index >= last:
                    break
                if frame.index >= first:
                    height, width = frame.image.shape[:2]
                    left = (width - height * 4 // 3) // 2
                    part = frame.image[:, left : left + height * 4 // 3]
                    frames.append(cv2.resize(part, (240, 180), interpolation=cv2.INTER_AREA))
        found[name] = lambda t, frames=frames, rate=rate: frames[min(int(t * rate), len(frames) - 1)]
    return found


def pan(picture: Image, side: float, rate: int) -> Shot:
    """Widths of the picture a second, to the right; the picture goes on mirrored; open for half of a frame."""
    wide = np.hstack([picture, picture[:, ::-1]] * 4)

    def shot(t: float) -> Image:
        x = [int(240 * side * (t + k / 16 / rate)) % (6 * 240) for k in range(8)]
        return np.mean([wide[:, at : at + 240] for at in x], axis=0).astype(np.uint8)

    return shot


def material(clips: dict[str, Shot], rate: int) -> Iterator[tuple[str, list[Image], int]]:
    """Kind, frames, and the index of the first of another shot, or -1."""
    names = list(clips)
    room = set(names[:3])

    def times(start: float, seconds: float) -> list[float]:
        return [start + k / rate for k in range(round(seconds * rate))]

    for name in names:
        yield "plain", [clips[name](t) for t in times(0, 1)], -1
        lit = [(clips[name](t), abs(1 - t)) for t in times(0, 2)]
        yield "fade", [(image * share).astype(np.uint8) for image, share in lit], -1
        flash = [clips[name](t) for t in times(0, 0.6)]
        middle = len(flash) // 2
        for gain, more in ((1.6, 20), (1, 90)):
            flashed = (flash[middle].astype(float) * gain + more).clip(0, 255).astype(np.uint8)
            yield "flash", [*flash[:middle], flashed, *flash[middle + 1 :]], -1
        for side in (0.3, 1.0):
            yield "pan", [pan(clips[name](0), side, rate)(t) for t in times(0, 0.6)], -1
        for side in (2.5, 4.0):
            yield "whip pan", [pan(clips[name](0), side * min(1, 4 * t), rate)(t) for t in times(0, 0.6)], -1
        for other in names:
            if (names.index(other) - names.index(name)) % len(names) not in {1, 3, 6}:
                continue
            first, then = [clips[name](t) for t in times(1.3, 0.4)], [clips[other](t) for t in times(0, 0.4)]
            yield "same room" if {name, other} <= room else "cut", first + then, len(first)
            if names.index(other) == (names.index(name) + 3) % len(names):
                mixed = [(clips[name](t), clips[other](t), t) for t in times(0, 1)]
                yield "dissolve", [cv2.addWeighted(a, 1 - t, b, t, 0) for a, b, t in mixed], -1


FLOW, GRID = FlowFinder(), grid(180, 240)


def gray_of(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def evened(image: Image) -> np.ndarray:
    """Coarse, without its mean and deviation."""
    coarse = cv2.resize(image, (20, 15), interpolation=cv2.INTER_AREA).astype(np.float32)
    coarse -= coarse.mean((0, 1))
    return coarse / max(8.0, float(coarse.std()))


def hsv(image: Image) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.int16)


def histogram(image: Image) -> np.ndarray:
    return cv2.calcHist([image], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel() / image[..., 0].size


def scores(before: Image, now: Image) -> dict[str, float]:
    """Of one pair of frames."""
    lit = relit(before, now)
    reference = before if lit is None else lit
    flow = FLOW.find(gray_of(now), gray_of(reference))
    change = _most(cv2.absdiff(now, before))
    moves = _moves(_most(cv2.absdiff(now, reference)), flow)
    places = GRID + cv2.copyTo(flow, moves)
    levels = _most(cv2.absdiff(now, moved(before, places))) if moves.any() else change
    lit_levels = _most(cv2.absdiff(now, moved(reference, places)))
    a, b = evened(before), evened(now)
    warped = gray_of(moved(reference, places)).astype(np.float32)
    gray = gray_of(now).astype(np.float32)
    da, db = warped - warped.mean(), gray - gray.mean()
    return {
        "residual (steadier)": float(levels.mean()),
        "residual in this light": float(lit_levels.mean()),
        "distrust": 1 - float(_trust(now, levels).mean()),
        "distrust in this light": 1 - float(_trust(now, lit_levels).mean()),
        "1 - correlation": 1 - float((da * db).sum() / np.sqrt((da**2).sum() * (db**2).sum() + 1e5)),
        "coarse layout": float(np.abs(a - b).mean()),
        "hsv": float(np.abs(hsv(before) - hsv(now)).mean()),
        "histogram": float(np.abs(histogram(before) - histogram(now)).sum() / 2),
    }


THRESHOLDS = {"residual (steadier)": 22.0, "mean colour (keeper)": 25.0, "hsv": 27.0}


def cuts(clips: dict[str, Shot]) -> None:
    found: dict[
        str, list[tuple[str, int, float]]
    ] = {}  # detector -> (kind, rate, score); one per cut, or the largest of each clip
    for rate in RATES:
        for kind, frames, at in material(clips, rate):
            frames = [np.clip(f + NOISE[k % 7], 0, 255).astype(np.uint8) for k, f in enumerate(frames)]
            every: dict[str, list[float]] = {}
            past = frames[0].mean((0, 1))
            for index in range(1, len(frames)):
                now = frames[index].mean((0, 1))
                jump = float(np.abs(now - past).max())
                past = now if jump >= 25 else now + 0.6 * (past - now)
                for name, score in (scores(frames[index - 1], frames[index]) | {"mean colour (keeper)": jump}).items():
                    every.setdefault(name, []).append(score)
            for name, values in every.items():
                if at > 0:
                    found.setdefault(name, []).append((kind, rate, values[at - 1]))
                    values = values[: at - 1] + values[at:]
                found.setdefault(name, []).append(("plain" if at > 0 else kind, rate, max(values)))
    print("detector | threshold |", " | ".join(f"{kind} {'/'.join(map(str, RATES))}" for kind in KINDS))
    for name, values in found.items():
        wanted = np.array([score for kind, _, score in values if kind == "cut"])
        calm = np.array([score for kind, _, score in values if kind not in {"cut", "same room"}])
        candidates = np.unique(np.concatenate([wanted, calm]))
        errors = [(wanted < c).mean() + (calm >= c).mean() for c in candidates]
        best = float(candidates[int(np.argmin(errors))])
        for threshold in [THRESHOLDS[name], best] if name in THRESHOLDS else [best]:
            cells = []
            for kind in KINDS:
                of = [[s >= threshold for k, r, s in values if k == kind and r == rate] for rate in RATES]
                cells.append("/".join(f"{sum(o)}" for o in of) + f" of {len(of[0])}")
            print(f"{name} | {threshold:.3g} |", " | ".join(cells), flush=True)


def refit(before: Image, now: Image) -> tuple[np.ndarray, np.ndarray]:
    """Gain and offset from what agrees with the middle of the differences."""
    a, b = before[::4].reshape(-1, 3).astype(np.float32), now[::4].reshape(-1, 3).astype(np.float32)
    gain, offset = np.ones(3), np.median(b - a, axis=0)
    for _ in range(4):
        left = np.abs(b - a * gain - offset).max(1)
        near = left <= np.median(left)
        x, y = a[near], b[near]
        mx, my = x.mean(0), y.mean(0)
        gain = (((x - mx) * (y - my)).mean(0) + 4) / (((x - mx) ** 2).mean(0) + 4)
        offset = my - gain * mx
    return gain, offset


def lights(clips: dict[str, Shot]) -> None:
    """Known light on real shots: how far the estimate is from what the light does to the mean of the rest, in levels."""
    errors: dict[str, dict[str, list[float]]] = {}
    for rate in RATES:
        for shot in clips.values():
            for case, (gain, offset, visitor) in {
                "no light": (1.0, 0, 0),
                "no light, visitor": (1.0, 0, 60),
                "fade of 1 s": (1 - 1 / rate, 0, 0),
                "fade of 4 s": (1 - 0.25 / rate, 0, 0),
                "auto exposure": (1.03, 2, 0),
                "fade + visitor": (1 - 1 / rate, 0, 60),
                "white balance": (np.array([1.04, 1, 0.96]), 0, 0),
                "flash": (1.0, 70, 0),
            }.items():
                for t in np.arange(0.2, 1.6, 0.35):
                    before, plain = shot(t), shot(t + 1 / rate)
                    now = (plain.astype(float) * 0.8 * gain + offset * 0.8).clip(0, 255)
                    before = before.astype(float) * 0.8
                    if visitor:
                        now[40:, :visitor] = 240
                        before[40:, : visitor - 6] = 240
                    before, now = (
                        (f + RNG.normal(0, 1, f.shape)).round().clip(0, 255).astype(np.uint8) for f in (before, now)
                    )
                    mean = shot(t).mean((0, 1)) * 0.8
                    true = mean * gain + offset * 0.8 - mean
                    light = Light()
                    light.change(before)
                    lit = relit(before, now)
                    g, o = refit(before, now)
                    for name, estimate in {
                        "none": np.zeros(3),
                        "relit: means and deviations": np.zeros(3)
                        if lit is None
                        else lit.mean((0, 1)) - before.mean((0, 1)),
                        "Light: middle differences": light.change(now),
                        "refit: gain and offset of what agrees": mean * g + o - mean,
                    }.items():
                        errors.setdefault(name, {}).setdefault(case, []).append(float(np.abs(estimate - true).max()))
    print("estimator |", " | ".join(next(iter(errors.values()))))
    for name, cases in errors.items():
        print(name, "|", " | ".join(f"{np.mean(e):.2f} (most {np.max(e):.1f})" for e in cases.values()))


if __name__ == "__main__":
    found = shots(Path(sys.argv[1]))
    cuts(found)
    lights(found)
