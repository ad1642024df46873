"""`python -m training.fitting`: train what fits a style to the scene (`models.fitting`); the network stays as it is.

The losses are those of the trainer (`training.trainer`), with codes that were fitted to each photo: the paper's, and the
prices of stillness and rounding. Codes begin after one to three of the encoder's looks, so that a fit learns to correct
better and worse ones.
"""

import argparse
import copy
import json
import math
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.adain import StyleCode
from models.fast import Fast
from models.fitting import LOOKS, SceneFit
from models.layers import straight_through_clamp
from models.losses import Stats, content_loss, content_target, style_loss
from models.vgg import Vgg19
from training.checkpoint import load_fast, load_fit, save_fit
from training.data import load_images
from training.evaluate import HeldOut, Score
from training.partner import EVERY_STEPS, Partner
from training.precision import autocast, usual_precision
from training.resume import Kept, Run, Stateful, follow, start
from training.rounding import Rounding, rounding_loss
from training.smooth import draw_smoothed
from training.stillness import stillness_loss
from training.targets import TargetSampler

_BETAS = (0.9, 0.99)
_EMA = 0.995
_WARM_UP_STEPS = 50
_RANGE_WEIGHT = 100.0
_MAX_GRADIENT = 1.0


class Fitted(nn.Module):
    """A network whose codes are fitted to each content; its call is that of `Fast`."""

    def __init__(self, network: Fast, fit: SceneFit, looks: int = LOOKS) -> None:
        """Of these two, with so many looks."""
        super().__init__()
        self.network, self.fit, self.looks = network, fit, looks

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """Stylize each content with the style of the same index; shapes as in `Fast`."""
        code, seen = self.network.complete(style)
        fitted = self.fit.fit(self.network, code, seen.pooled, content, self.looks)
        painted: Tensor = self.network.stylizer(content, alpha, fitted)
        return painted


class FitTrainer(Run):
    """One run."""

    def __init__(self, options: Namespace) -> None:
        """Read everything; ValueError where an input cannot be used."""
        self.options = options
        torch.manual_seed(options.seed)
        if options.threads:
            torch.set_num_threads(options.threads)
        options.run.mkdir(parents=True, exist_ok=True)
        self.device, self.precision = torch.device(options.device), usual_precision(options.device)
        self.vgg = Vgg19.load(options.vgg).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        contents, held_out_contents = load_images(options.contents, self.device)
        styles, held_out_styles = load_images(options.styles, self.device)
        self.held_out = HeldOut(held_out_contents, held_out_styles, self.vgg, pairs=options.pairs)
        common: dict[str, Any] = {"precision": getattr(torch, self.precision)}
        self.contents = TargetSampler(
            contents, self.vgg, seed=options.seed, variants=1, colour=False, keep_features=True, **common
        )
        self.styles = TargetSampler(
            styles, self.vgg, seed=options.seed + 1, variants=3, colour=True, keep_features=False, **common
        )
        network = load_fast(options.weights)[0].requires_grad_(requires_grad=False)
        self.fit = (load_fit(options.init, network)[0] if options.init else SceneFit(network)).to(self.device)
        self.network: Fast = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.fit.requires_grad_(requires_grad=True).train()
        self.average = copy.deepcopy(self.fit).requires_grad_(requires_grad=False)
        self.rounding = Rounding(self.network.stylizer)
        self.optimizer = torch.optim.Adam(self.fit.parameters(), betas=_BETAS)
        self.partner = Partner(options.run, options.partner) if options.partner else None
        self.generator = torch.Generator().manual_seed(options.seed)

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1."""
        return float(min(1.0, self.seconds / (60 * self.options.minutes)))

    def train_step(self) -> tuple[float, float]:
        """One update; returns the batch's Lc and Ls."""
        options = self.options
        content, style = (sampler.sample(options.batch, options.size) for sampler in (self.contents, self.styles))
        assert content.features is not None  # the content sampler keeps them
        target = content_target(content.features, style.stats)
        looks = int(torch.randint(1, self.network.config.looks + 1, (), generator=self.generator))
        full = torch.ones(options.batch, 1, 1, 1, device=self.device)
        rate = options.learning_rate * min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * self.progress))
        with self._autocast():
            with torch.no_grad():
                start, seen = self.network.complete(style.images, looks)
            code = self.fit.fit(self.network, start, seen.pooled, content.images)
            result = self.network.stylizer(content.images, full, code)
            features = self.vgg(straight_through_clamp(result))
        lc = content_loss(features, target).mean()
        ls = style_loss(Stats.of(features), style.stats).mean()
        loss = lc + options.style_weight * ls + _RANGE_WEIGHT * (result - result.clamp(0, 1)).square().mean()

        def stylize(images: Tensor) -> Tensor:
            number = len(images)
            with self._autocast():
                part = {name: tensor[:number] for name, tensor in code.items()}
                painted: Tensor = self.network.stylizer(images, full[:number], part)
            return painted

        loss = loss + options.stillness * stillness_loss(content.images, result, stylize, self.generator)
        loss = loss + self._on_smooth_pictures(content.images, code, full, stylize)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.fit.parameters(), _MAX_GRADIENT)
        self.optimizer.step()
        self.step += 1
        if self.partner and self.step % EVERY_STEPS == 0:
            self.partner.exchange(self.fit)
        follow(self.average, self.fit, self.step, _EMA)
        return float(lc.detach()), float(ls.detach())

    def _on_smooth_pictures(
        self, photos: Tensor, code: StyleCode, full: Tensor, stylize: Callable[[Tensor], Tensor]
    ) -> Tensor:
        number = max(1, len(photos) // 2)
        pictures = draw_smoothed(photos[:number], self.generator)
        painted = stylize(pictures)
        total: Tensor = self.options.stillness * stillness_loss(pictures, painted, stylize, self.generator)
        part = {name: tensor[:number] for name, tensor in code.items()}
        with self._autocast():
            rounding = rounding_loss(self.rounding, pictures, painted, part, full[:number])
        price: float = self.options.rounding
        return total + price * rounding

    def _autocast(self) -> torch.autocast:
        return autocast(self.device.type, getattr(torch, self.precision))

    def run(self) -> Score:
        """Train to the end of the run; returns the last held-out score."""
        options, saved = self.options, time.monotonic()
        print(f"start: {self._told(self.evaluate())}", flush=True)
        sums = [0.0, 0.0]
        while self.progress < 1:
            started = time.monotonic()
            for index, value in enumerate(self.train_step()):
                sums[index] += value / options.evaluate_every
            self.seconds += time.monotonic() - started
            if self.step % options.evaluate_every == 0:
                trained = f"trained Lc {sums[0]:.3f}  Ls {sums[1]:.3f}"
                print(f"step {self.step}, {self.seconds:.0f} s: {self._told(self.evaluate())}; {trained}", flush=True)
                sums = [0.0, 0.0]
            if time.monotonic() - saved > 60 * options.save_minutes:
                self.save()
                saved = time.monotonic()
        score = self.evaluate()
        self.save()
        print(f"done, {self.step} steps: {self._told(score)}; {options.run}/fit.safetensors")
        return score

    @staticmethod
    def _told(score: Score) -> str:
        return f"held-out Lc {score.lc:.3f}  Ls {score.ls:.3f}"

    def evaluate(self) -> Score:
        """Score the averaged weights and write them."""
        results = self.held_out.run(Fitted(self.network, self.average))
        score = self.held_out.score(results)
        self.held_out.sheet(results, self.options.run / "pairs.png")
        record = {"steps": self.step, "seconds": round(self.seconds), "held_out": {"lc": score.lc, "ls": score.ls}}
        save_fit(self.average, self.options.run / "fit.safetensors", self.options.weights, record)
        with (self.options.run / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
        return score

    @property
    def kept(self) -> Kept:
        """What stands in its checkpoints."""
        parts: dict[str, Stateful | None] = {"fit": self.fit, "average": self.average, "optimizer": self.optimizer}
        return Kept(parts, self.rounding, self.generator, (self.contents, self.styles))


def parse(arguments: list[str] | None = None) -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.fitting", description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("models/fast.safetensors"), help="of `fast`; not changed")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--run", type=Path, default=Path("runs/fit"), help="folder of checkpoint, log and pictures")
    parser.add_argument("--init", type=Path, help="start from this fit.safetensors")
    parser.add_argument("--minutes", type=float, required=True, help="in all, earlier sittings counted in")
    parser.add_argument("--batch", type=int, default=4, help="pairs per step (default 4)")
    parser.add_argument("--size", type=int, default=128, help="side of the crops (default 128)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of Adam, falling to zero (default 1e-3)")
    parser.add_argument("--style-weight", type=float, default=2.5, help="lambda of the paper (default 2.5)")
    parser.add_argument("--stillness", type=float, default=6.0, help="as in python -m training (default 6)")
    parser.add_argument("--rounding", type=float, default=6.0, help="likewise (default 6)")
    parser.add_argument("--partner", type=Path, help="folder of another run, as in python -m training")
    parser.add_argument("--evaluate-every", type=int, default=200, help="steps between two evaluations (default 200)")
    parser.add_argument("--save-minutes", type=float, default=10.0, help="minutes between two checkpoints (default 10)")
    parser.add_argument("--pairs", type=int, default=40, help="held-out pairs of an evaluation (default 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="CPU threads")
    return parser.parse_args(arguments)


def main() -> int:
    """Train; exit code 1 with one line when an input cannot be used."""
    options = parse()
    return start("training.fitting", lambda: FitTrainer(options))


if __name__ == "__main__":
    sys.exit(main())
