"""The training loop of `fast`.

Half of every batch are paintings that the style encoder encodes; the other half are built-in styles, whose codes learn
along. The stylizer is shared by both. What is asked of the results is in `training.painted.loss`.
"""

import copy
import json
import math
import time
from argparse import Namespace
from collections import deque
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.critic import Critic, Target
from models.fast import Fast
from training.builtin import PAINTINGS
from training.checkpoint import follow, load_fast, save_atomically, save_weights
from training.data import Shuffler, centre_crop, load_images, random_crop
from training.painted.held_out import HeldOut
from training.painted.learner import Learner, read_codes, save_codes, shipped_codes
from training.painted.loss import Loss
from training.partner import EVERY_STEPS, Partner
from training.precision import autocast

SMALLEST_PHOTO, SMALLEST_PAINTING = 0.6, 0.8
"""Smallest side of a crop as a share of the picture's short side."""
ENCODED_SIZE = 256
"""Side in pixels of the crops of paintings that are encoded, and of the held-out photos."""
MOST_GRADIENT = 1.0
WARM_UP_STEPS = 60
EMA = 0.997


class Trainer:
    """One run: its state, its folder, its loop."""

    def __init__(self, options: Namespace) -> None:
        """Read everything.

        Raises:
            ValueError: An input cannot be used.
            OSError: An input cannot be read.
        """
        self.options, self.precision = options, getattr(torch, options.precision)
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        options.run.mkdir(parents=True, exist_ok=True)
        self.critic = Critic(options.vgg, self.precision)
        photos, unseen_photos = load_images(options.contents, torch.device("cpu"))
        paintings, unseen = load_images(options.styles, torch.device("cpu"))
        known = dict(zip(paintings.names + unseen.names, paintings.images + unseen.images, strict=True))
        self.photos, self.paintings = photos.images, paintings.images
        # A built-in style may be among those that are else held out; it is judged by itself then.
        files = [file for _, file, _ in PAINTINGS if file in known]
        self.builtin = [known[file] for file in files] or paintings.images[:1]
        held_out = [image for name, image in zip(unseen.names, unseen.images, strict=True) if name not in files]
        self.held_out = HeldOut(self.critic, unseen_photos.images, held_out, self.builtin, ENCODED_SIZE)
        network = load_fast(options.init)[0].train()
        self.names = [name for name, file, _ in PAINTINGS if file in known] or [""]
        codes = self._first_codes(network, self.names)
        self.learner = Learner(network, codes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.learner).requires_grad_(requires_grad=False)
        self.rng, self.generator = np.random.default_rng(options.seed), torch.Generator().manual_seed(options.seed)
        self.draws = [Shuffler(len(images), self.rng) for images in (self.photos, self.paintings, self.builtin)]
        self.targets: dict[tuple[str, int], Target] = {}
        self.loss = Loss(self.critic, network.stylizer, self.precision, self.generator)
        if options.encoder_only:
            network.stylizer.requires_grad_(requires_grad=False)
        self.optimizer = torch.optim.Adam(self._groups(), betas=(0.9, 0.99))
        self.partner = Partner(options.run, options.partner) if options.partner else None
        self.step, self.seconds = 0, 0.0
        self.images = f"{len(self.photos)} photos, {len(self.paintings)} paintings"

    @torch.no_grad()
    def _first_codes(self, network: Fast, names: list[str]) -> list[dict[str, Tensor]]:
        """Codes to begin with: those beside the weights, or shipped with them; else the encoder's."""
        beside = self.options.init.with_name("codes.safetensors")
        known = read_codes(beside) if beside.is_file() else shipped_codes(self.options.init)
        return [
            known.get(name) or dict(network.encode(centre_crop(image, ENCODED_SIZE)[None])[0])
            for name, image in zip(names, self.builtin, strict=True)
        ]

    def _groups(self) -> list[dict[str, object]]:
        options, network = self.options, self.learner.network
        frames = list(network.stylizer.parameters())
        known = set(frames)
        encoder = [parameter for parameter in network.parameters() if parameter not in known]
        if options.encoder_only:
            return [{"params": encoder, "rate": options.encoder_rate}]
        return [
            {"params": frames, "rate": options.rate},
            {"params": encoder, "rate": options.encoder_rate},
            {"params": list(self.learner.free.parameters()), "rate": options.code_rate},
        ]

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1."""
        if self.options.steps:
            return float(min(1.0, self.step / self.options.steps))
        return float(min(1.0, self.seconds / (60 * self.options.minutes)))

    def train_step(self) -> dict[str, float]:
        """One update; returns what the parts of the loss are."""
        half, alone = self.options.batch // 2, self.options.encoder_only
        photos = self._draw_photos(2 * half)
        code, wanted = self._draw_paintings(2 * half) if alone else self._draw_styles(half)
        self._set_rates()
        loss, parts = self.loss.of(photos, code, wanted, self.step, with_prices=not alone)
        self._update(loss)
        return parts

    def _draw_photos(self, number: int) -> Tensor:
        """(N, 3, H, W) float in [0, 1]."""
        size = self.options.size
        crops = [
            random_crop(self.photos[index], size, self.rng, smallest=SMALLEST_PHOTO) for index in self.draws[0].take(number)
        ]
        return torch.stack(crops).contiguous(memory_format=torch.channels_last)

    def _draw_styles(self, half: int) -> tuple[dict[str, Tensor], list[Target]]:
        """Codes of `half` paintings and `half` built-in styles, in turn, and what the critic wants of them."""
        builtin = self.draws[2].take(half)
        encoded, wanted = self._draw_paintings(half)
        free = self.learner.builtin(builtin)
        order = [place // 2 + (place % 2) * half for place in range(2 * half)]
        code = {name: torch.cat([encoded[name], free[name]])[order] for name in encoded}
        wanted += [self._target("builtin", i) for i in builtin]
        return code, [wanted[place] for place in order]

    def _draw_paintings(self, number: int) -> tuple[dict[str, Tensor], list[Target]]:
        """Codes of paintings by the encoder, and what the critic wants of them."""
        indices = self.draws[1].take(number)
        crops = [random_crop(self.paintings[i], ENCODED_SIZE, self.rng, smallest=SMALLEST_PAINTING) for i in indices]
        with autocast("cpu", self.precision):
            styles = torch.stack(crops).contiguous(memory_format=torch.channels_last)
            encoded = self.learner.network.encode(styles)[0]
        return {name: part.float() for name, part in encoded.items()}, [self._target("painting", i) for i in indices]

    def _target(self, kind: str, index: int) -> Target:
        """What the critic wants of a painting, found once."""
        if (kind, index) not in self.targets:
            image = (self.builtin if kind == "builtin" else self.paintings)[index]
            self.targets[kind, index] = self.critic.target(image)
        return self.targets[kind, index]

    def _set_rates(self) -> None:
        rate = min(1.0, (self.step + 1) / WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * self.progress))
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * rate

    def _update(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.learner.parameters(), MOST_GRADIENT)
        if bool(norm.isfinite()):
            self.optimizer.step()
        self.step += 1
        if self.partner and self.step % EVERY_STEPS == 0:
            self.partner.exchange(self.learner)
        follow(self.average, self.learner, self.step, EMA)

    def run(self) -> dict[str, float]:
        """Train to the end of the run; returns the last held-out score."""
        recent: deque[dict[str, float]] = deque(maxlen=50)
        saved = time.monotonic()
        while self.progress < 1:
            started = time.monotonic()
            recent.append(self.train_step())
            self.seconds += time.monotonic() - started
            if self.step % self.options.log_every == 0:
                self._log(
                    {
                        name: _mean([row[name] for row in recent if name in row])
                        for name in ("style", "content", "grid", "lattice", "seams")
                        if any(name in row for row in recent)
                    }
                )
            if time.monotonic() - saved > 60 * self.options.save_minutes:
                self._log(self.save())
                saved = time.monotonic()
        score = self.save()
        self._log(score)
        return score

    def _log(self, values: dict[str, float]) -> None:
        line = json.dumps({"step": self.step, "seconds": round(self.seconds), **values})
        with (self.options.run / "log.jsonl").open("a") as log:
            log.write(line + "\n")
        print(line, flush=True)

    def save(self) -> dict[str, float]:
        """Write checkpoint, weights, codes of the built-in styles, and a sheet; returns the held-out score."""
        run: Path = self.options.run
        state = {
            "studio": self.learner.state_dict(),  # the key of all checkpoints that there are
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rounding": self.loss.rounding.state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(state, run / "checkpoint.pt")
        score = self.held_out.score(self.average, run / "sheet.png")
        names = ("size", "batch", "rate", "encoder_rate", "code_rate", "precision", "seed")
        record = {name: getattr(self.options, name) for name in names}
        record |= {"steps": self.step, "minutes": round(self.seconds / 60), "held_out": score, "images": self.images}
        save_weights(self.average.network, run / "weights.safetensors", record, dtype=torch.float16)
        save_codes(self.average, self.names, run / "codes.safetensors")
        return score

    def resume(self) -> bool:
        """Go on from the run's checkpoint; False where there is none. What is drawn from here on is new."""
        path = self.options.run / "checkpoint.pt"
        if not path.is_file():
            return False
        state = torch.load(path, weights_only=True)
        self.learner.load_state_dict(state["studio"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.loss.rounding.restore(state["rounding"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.rng = np.random.default_rng((self.options.seed, self.step))
        self.generator.manual_seed(self.options.seed + self.step)
        self.draws = [Shuffler(draw.count, self.rng) for draw in self.draws]
        return True


def _mean(values: list[float]) -> float:
    return round(sum(values) / max(1, len(values)), 5)
