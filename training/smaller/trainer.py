"""The training loop of a smaller `fast`: to paint as its teacher does, under codes of paintings and of built-in styles."""

import copy
import json
import math
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.builtin import PAINTINGS
from training.checkpoint import follow, load_fast, save_atomically, save_weights
from training.data import Shuffler, centre_crop, load_images, random_crop
from training.painted.learner import Learner, read_codes, save_codes
from training.painted.trainer import EMA, ENCODED_SIZE, MOST_GRADIENT, SMALLEST_PAINTING, SMALLEST_PHOTO, WARM_UP_STEPS
from training.precision import autocast
from training.prices.grained import draw_grained
from training.prices.octaves import octave_noise
from training.prices.smooth import draw_smoothed
from training.smaller.loss import difference
from training.smaller.prune import Kept, StyleCode, pruned, take_encoder

HELD_OUT = 12
GRAIN_SHARE = 0.75
_ENCODED_AT_ONCE = 8


class Trainer:
    """One run: its state, its folder, its loop."""

    def __init__(self, options: Namespace) -> None:
        """Read everything, and cut the small network out of its teacher or go on from the run's checkpoint.

        Raises:
            ValueError: An input cannot be used.
            OSError: An input cannot be read.
        """
        self.options, self.precision = options, getattr(torch, options.precision)
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        options.run.mkdir(parents=True, exist_ok=True)
        self.teacher = load_fast(options.teacher)[0].float().requires_grad_(requires_grad=False)
        builtin = read_codes(options.teacher.with_name("codes.safetensors"))
        self.names = [name for name, _file, _about in PAINTINGS if name in builtin]
        self.builtin = _joined([builtin[name] for name in self.names])
        photos, self.unseen_photos = load_images(options.contents, torch.device("cpu"))
        paintings, self.unseen_paintings = load_images(options.styles, torch.device("cpu"))
        self.photos, self.images = photos.images, f"{len(photos)} photos, {len(paintings)} paintings"
        path: Path = options.run / "checkpoint.pt"
        state: dict[str, Any] = torch.load(path, weights_only=True) if path.is_file() else {"step": 0, "seconds": 0.0}
        self.step, self.seconds = state["step"], state["seconds"]
        self.rng = np.random.default_rng((options.seed, self.step))
        self.generator = torch.Generator().manual_seed(options.seed + self.step)
        self.codes = self._encoded(paintings.images)
        self.draws = [Shuffler(count, self.rng) for count in (len(self.photos), len(paintings), len(self.names))]
        sizes = {name: getattr(options, name) for name in ("half", "quarter", "eighth", "blocks")}
        self.config = replace(self.teacher.config, **sizes)
        if "kept" in state:
            self.kept = Kept(*state["kept"])
            network = type(self.teacher)(self.config)
        else:
            network, self.kept = pruned(self.teacher, self.config, self._photos(len(self.names)), self.builtin)
            print(f"kept blocks {self.kept.blocks}, channels {[len(part) for part in self.kept.channels.values()]}")
        cut = self.kept.code(self.builtin, self.config)
        codes = [{part: tensor[[place]] for part, tensor in cut.items()} for place in range(len(self.names))]
        self.learner = Learner(network, codes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.learner).requires_grad_(requires_grad=False)
        self.optimizer = torch.optim.Adam(
            [
                {"params": list(network.stylizer.parameters()), "rate": options.rate},
                {"params": list(self.learner.free.parameters()), "rate": options.code_rate},
            ],
            betas=(0.9, 0.99),
        )
        if "kept" in state:
            self.learner.load_state_dict(state["learner"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            for learner in (self.learner, self.average):  # the teacher may have learnt more meanwhile
                take_encoder(learner.network, self.teacher, self.kept)

    @torch.no_grad()
    def _encoded(self, paintings: list[Tensor]) -> StyleCode:
        """The codes of all paintings, as they are painted with: name -> (P, C, 1, 1)."""
        found = []
        for first in range(0, len(paintings), _ENCODED_AT_ONCE):
            some = paintings[first : first + _ENCODED_AT_ONCE]
            crops = [random_crop(image, ENCODED_SIZE, self.rng, smallest=SMALLEST_PAINTING) for image in some]
            with autocast("cpu", self.precision):
                code = self.teacher.style_encoder(torch.stack(crops).contiguous(memory_format=torch.channels_last))
            found.append({name: part.float() for name, part in code.items()})
        return _joined(found)

    def _photos(self, number: int) -> Tensor:
        """(N, 3, H, W) float in [0, 1]."""
        chosen = [self.photos[index] for index in self.draws[0].take(number)]
        crops = [random_crop(image, self.options.size, self.rng, smallest=SMALLEST_PHOTO) for image in chosen]
        return torch.stack(crops).contiguous(memory_format=torch.channels_last)

    def train_step(self) -> dict[str, float]:
        """One update; returns what the parts of the loss are."""
        half = self.options.batch // 2
        photos, alpha = self._photos(2 * half), torch.ones(2 * half, 1, 1, 1)
        paintings, styles = self.draws[1].take(half), self.draws[2].take(half)
        codes = {name: torch.cat([part[paintings], self.builtin[name][styles]]) for name, part in self.codes.items()}
        cut, free = self.kept.code(codes, self.config), self.learner.builtin(styles)
        cut = {name: torch.cat([part[:half], free[name]]) for name, part in cut.items()}
        content = self._something_to_paint_from(photos)
        with torch.no_grad(), autocast("cpu", self.precision):
            wanted = self.teacher.stylizer(content, alpha, codes).float()
        with autocast("cpu", self.precision):
            result = self.learner.network.stylizer(content, alpha, cut).float()
        parts = {"paintings": difference(result[:half], wanted[:half]), "builtin": difference(result[half:], wanted[half:])}
        self._update(torch.stack(list(parts.values())).mean())
        return {name: float(value.detach()) for name, value in parts.items()}

    def _something_to_paint_from(self, photos: Tensor) -> Tensor:
        """Photos, every fourth of them smoothed, with grain as frames have it or in turn with noise all over."""
        photos = photos.clone()
        photos[::4] = draw_smoothed(photos[::4], self.generator)
        if self.step % 2:
            return draw_grained(photos, torch.ones(len(photos), 1, 1, 1), GRAIN_SHARE, self.generator)
        return (photos + octave_noise(photos.shape, self.generator)).clamp(0, 1)

    def _update(self, loss: Tensor) -> None:
        progress = min(1.0, self.seconds / (60 * self.options.minutes))
        rate = min(1.0, (self.step + 1) / WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if bool(nn.utils.clip_grad_norm_(self.learner.parameters(), MOST_GRADIENT).isfinite()):
            self.optimizer.step()
        self.step += 1
        follow(self.average, self.learner, self.step, EMA)

    def run(self) -> None:
        """Train to the end of the run."""
        recent: list[dict[str, float]] = []
        saved = time.monotonic()
        while self.seconds < 60 * self.options.minutes:
            started = time.monotonic()
            recent.append(self.train_step())
            self.seconds += time.monotonic() - started
            if self.step % self.options.log_every == 0:
                self._log({name: round(sum(row[name] for row in recent) / len(recent), 5) for name in recent[0]})
                recent = []
            if time.monotonic() - saved > 60 * self.options.save_minutes:
                self.save()
                saved = time.monotonic()
        self.save()

    def _log(self, values: dict[str, float]) -> None:
        line = json.dumps({"step": self.step, "seconds": round(self.seconds), **values})
        with (self.options.run / "log.jsonl").open("a") as log:
            log.write(line + "\n")
        print(line, flush=True)

    @torch.no_grad()
    def held_out(self) -> float:
        """The loss on photos and paintings that are not trained on, each network with its own encoder."""
        total = 0.0
        for photo, painting in zip(self.unseen_photos.images[:HELD_OUT], self.unseen_paintings.images, strict=False):
            content, style = centre_crop(photo, ENCODED_SIZE)[None], centre_crop(painting, ENCODED_SIZE)[None]
            pictures = [network(content, style, torch.ones(1, 1, 1, 1)) for network in (self.average.network, self.teacher)]
            total += float(difference(*pictures))
        return round(total / HELD_OUT, 5)

    def save(self) -> None:
        """Write checkpoint, weights, and codes of the built-in styles; log the held-out score."""
        run: Path = self.options.run
        state = {"learner": self.learner.state_dict(), "average": self.average.state_dict()}
        state |= {"optimizer": self.optimizer.state_dict(), "step": self.step, "seconds": self.seconds}
        state["kept"] = (dict(self.kept.channels), self.kept.blocks)
        save_atomically(state, run / "checkpoint.pt")
        score = self.held_out()
        self._log({"held_out": score})
        record = {name: getattr(self.options, name) for name in ("size", "batch", "rate", "code_rate", "precision", "seed")}
        record |= {"steps": self.step, "minutes": round(self.seconds / 60), "images": self.images}
        record["held_out"] = {"from_its_teacher": score}
        save_weights(self.average.network, run / "weights.safetensors", record, dtype=torch.float16)
        save_codes(self.average, self.names, run / "codes.safetensors")


def _joined(codes: list[StyleCode]) -> StyleCode:
    return {name: torch.cat([code[name] for code in codes]) for name in codes[0]}
