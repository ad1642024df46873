"""The training loop of the decoder of `vgg19`.

Source: Huang & Belongie 2017, arXiv:1703.06868, section 5: Adam, batches of 8, short side 512 and random crops of 256;
learning rate, its decay and lambda as in the authors' release.
"""

import json
import time
from argparse import Namespace
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.losses import Stats, content_loss, content_target, style_loss
from models.vgg import Vgg19
from models.vgg_adain import VggAdain
from training.checkpoint import load_weights, save_atomically, save_weights
from training.data import load_images
from training.held_out import HeldOut, Score
from training.plot import plot_curve
from training.precision import autocast
from training.targets import TargetSampler


class Trainer:
    """One run: its state, its folder, its loop."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.device = torch.device(options.device)
        self.precision = getattr(torch, options.precision)
        torch.manual_seed(options.seed)
        if options.threads:
            torch.set_num_threads(options.threads)
        options.run.mkdir(parents=True, exist_ok=True)
        self.vgg = Vgg19.load(options.vgg).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        contents, held_out_contents = load_images(options.contents, self.device)
        styles, held_out_styles = load_images(options.styles, self.device)
        self.held_out = HeldOut(held_out_contents, held_out_styles, self.vgg, pairs=options.pairs)
        common = {
            "variants": options.variants,
            "precision": self.precision,
            "short_side": options.short_side,
        }
        self.contents = TargetSampler(contents, self.vgg, seed=options.seed, keep_features=True, **common)
        self.styles = TargetSampler(styles, self.vgg, seed=options.seed + 1, keep_features=False, **common)
        network = load_weights(options.init, self.vgg)[0] if options.init else VggAdain(self.vgg)
        if not isinstance(network, VggAdain):
            raise ValueError(f"'{options.init}' holds weights of '{network.family}'; wanted a decoder of 'vgg19'")
        self.network = network.train().to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.decoder = self.network.stylizer.decoder
        self.optimizer = torch.optim.Adam(self.decoder.parameters())
        self.step, self.seconds = 0, 0.0
        self.images = f"{len(contents)} photos, {len(styles)} paintings"

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1."""
        if self.options.steps:
            return float(min(1.0, self.step / self.options.steps))
        return float(min(1.0, self.seconds / (60 * self.options.minutes)))

    def learning_rate(self) -> float:
        """The authors' slow decay."""
        return float(self.options.learning_rate / (1 + self.options.decay * self.step))

    def train_step(self) -> tuple[float, float]:
        """One update; returns the batch's Lc and Ls."""
        options = self.options
        content, style = self.contents.sample(options.batch, options.size), self.styles.sample(options.batch, options.size)
        assert content.features is not None  # the content sampler keeps them
        target = content_target(content.features, style.stats)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        with autocast(self.device.type, self.precision):
            # The target is AdaIN of the encoder's features: what is left to do is the decoder's part.
            features = self.vgg(self.decoder(target))
        lc = content_loss(features, target).mean()
        ls = style_loss(Stats.of(features), style.stats).mean()
        self.optimizer.zero_grad(set_to_none=True)
        (lc + options.style_weight * ls).backward()
        self.optimizer.step()
        self.step += 1
        return float(lc.detach()), float(ls.detach())

    def run(self) -> Score:
        """Train to the end of the run; returns the last held-out score."""
        options = self.options
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        recent: deque[tuple[float, float]] = deque(maxlen=100)
        saved = time.monotonic()
        with Progress(*columns) as bar:
            task = bar.add_task("training", total=1.0)
            while self.progress < 1:
                started = time.monotonic()
                recent.append(self.train_step())
                self.seconds += time.monotonic() - started
                lc, ls = (sum(values) / len(recent) for values in zip(*recent, strict=True))
                bar.update(task, completed=self.progress, description=f"step {self.step}  Lc {lc:.2f}  Ls {ls:.2f}")
                if self.step % options.evaluate_every == 0:
                    score = self.evaluate(train_lc=lc, train_ls=ls)
                    bar.console.print(
                        f"step {self.step}, {self.seconds:.0f} s: held-out Lc {score.lc:.3f}  Ls {score.ls:.3f}"
                    )
                if time.monotonic() - saved > 60 * options.save_minutes:
                    self.save()
                    saved = time.monotonic()
        score = self.evaluate()
        self.save()
        print(f"done: {self.step} steps, held-out Lc {score.lc:.3f}, Ls {score.ls:.3f}; {options.run}/weights.safetensors")
        return score

    def evaluate(self, **more: float) -> Score:
        """Score the weights on held-out pairs; log it, redraw curve and pictures, write them."""
        results = self.held_out.run(self.network)
        score = self.held_out.score(results)
        run: Path = self.options.run
        with (run / "log.jsonl").open("a") as log:
            row = {"step": self.step, "seconds": round(self.seconds), "lc": score.lc, "ls": score.ls, **more}
            log.write(json.dumps(row) + "\n")
        self.held_out.sheet(results, run / "pairs.png")
        plot_curve(run / "log.jsonl", run / "curve.png")
        save_weights(self.network, run / "weights.safetensors", self.record(score))
        return score

    def record(self, score: Score) -> dict[str, Any]:
        """How these weights came to be and how well they do, for the model card."""
        kept = ("pairs", "size", "batch", "learning_rate", "short_side", "style_weight", "precision", "device", "seed")
        return {
            "steps": self.step,
            "seconds": round(self.seconds),
            "held_out": asdict(score),
            "images": self.images,
            **{name: getattr(self.options, name) for name in kept},
        }

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "decoder": self.decoder.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "samplers": [sampler.state() for sampler in (self.contents, self.styles)],
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(state, self.options.run / "checkpoint.pt")

    def resume(self) -> bool:
        """Go on from the run's checkpoint; False where there is none."""
        path = self.options.run / "checkpoint.pt"
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.decoder.load_state_dict(state["decoder"])
        self.optimizer.load_state_dict(state["optimizer"])
        for sampler, kept in zip((self.contents, self.styles), state["samplers"], strict=True):
            sampler.restore(kept)
        self.step, self.seconds = state["step"], state["seconds"]
        return True
