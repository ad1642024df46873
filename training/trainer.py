"""The training loop."""

import copy
import json
import math
import time
from argparse import Namespace
from collections import deque
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from models.adain import StyleCode
from models.fast import Fast, FastConfig, grown
from models.layers import straight_through_clamp
from models.losses import Stats, content_loss, content_target, style_loss
from models.style_encoder import Seen
from models.vgg import Vgg19
from models.vgg_adain import VggAdain
from training.checkpoint import load_weights, save_weights
from training.data import ImageSet, centre_crop, load_images
from training.evaluate import HeldOut, Score
from training.grained import draw_grained
from training.partner import EVERY_STEPS, Partner
from training.plot import plot_curve
from training.precision import autocast
from training.probe import StatisticsProbe
from training.recipes import RECIPES, Network
from training.resume import Kept, Stateful, follow
from training.rounding import Rounding, rounding_loss
from training.smooth import draw_smoothed
from training.stillness import stillness_loss
from training.targets import Batch, TargetSampler

CALIBRATION_STYLES = 200
"""Paintings from which a new embedding learns what statistics are usual."""


class Trainer:
    """One run: its state, its folder, its loop."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.recipe = RECIPES[options.family]
        self.device = torch.device(options.device)
        self.precision = getattr(torch, options.precision)
        torch.manual_seed(options.seed)
        if options.threads:
            torch.set_num_threads(options.threads)
        options.run.mkdir(parents=True, exist_ok=True)
        vgg = Vgg19.load(options.vgg).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        contents, held_out_contents = load_images(options.contents, self.device)
        styles, held_out_styles = load_images(options.styles, self.device)
        self.held_out = HeldOut(held_out_contents, held_out_styles, vgg, pairs=options.pairs)
        self.vgg = vgg
        common = {"precision": self.precision, "short_side": options.short_side}
        self.contents = TargetSampler(
            contents, vgg, seed=options.seed, variants=options.variants, colour=False, keep_features=True, **common
        )
        self.styles = TargetSampler(
            styles,
            vgg,
            seed=options.seed + 1,
            variants=options.style_variants,
            colour=self.recipe.vary,
            keep_features=False,
            **common,
        )
        network = self._initial_network(styles).train()
        self.network: Network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self.trained = self.recipe.trained(self.network)
        self.trained_average = self.recipe.trained(self.average)
        self.probe = StatisticsProbe(self.network).to(self.device) if options.probe_weight else None
        self.rounding = Rounding(self.network.stylizer) if options.rounding else None
        self.optimizer = torch.optim.Adam(self._parameter_groups(), betas=self.recipe.betas)
        self.partner = Partner(options.run, options.partner) if options.partner else None
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step, self.seconds = 0, 0.0
        self.images = f"{len(contents)} photos, {len(styles)} paintings"

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """What makes codes (the encoder, the pictures that it looks at), which may learn faster; and the rest."""
        frames = set(self.network.stylizer.parameters())
        codes = [parameter for parameter in self.trained.parameters() if parameter not in frames]
        rest = [parameter for parameter in self.trained.parameters() if parameter in frames]
        if self.probe:
            codes += list(self.probe.parameters())
        rates = (self.options.encoder_rate, 1.0)
        return [{"params": group, "rate": rate} for group, rate in zip((codes, rest), rates, strict=True) if group]

    def _initial_network(self, styles: ImageSet) -> Fast | VggAdain:
        init: Path | None = self.options.init
        network = load_weights(init, self.vgg)[0] if init else self.recipe.build(self.vgg)
        if network.family != self.options.family:
            raise ValueError(
                f"'{init}' holds weights of '{network.family}'; wanted '{self.options.family}', or another --family"
            )
        if not isinstance(network, Fast):
            return network
        had_embedding = bool(init) and bool(network.config.embedding)
        network = grown(network, FastConfig())
        if network.config.embedding and not had_embedding:
            chosen = styles.images[:: max(1, len(styles) // CALIBRATION_STYLES)]
            network.encoder.calibrate(torch.stack([centre_crop(image, self.options.size) for image in chosen]).cpu())
        return network

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1."""
        if self.options.steps:
            return float(min(1.0, self.step / self.options.steps))
        return float(min(1.0, self.seconds / (60 * self.options.minutes)))

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine to zero, or the authors' slow decay."""
        warm_up = min(1.0, (self.step + 1) / self.recipe.warm_up_steps)
        if self.options.schedule == "inverse":
            return float(self.options.learning_rate * warm_up / (1 + self.options.decay * self.step))
        return float(self.options.learning_rate * warm_up * 0.5 * (1 + math.cos(math.pi * self.progress)))

    def style_weight(self) -> float:
        """Lambda, which may move linearly over the run: style is learnt fast, and content is won back under a lower one."""
        first = self.options.style_weight
        last = first if self.options.late_style_weight is None else self.options.late_style_weight
        return float(first + (last - first) * self.progress)

    def crop_size(self) -> int:
        """Small crops first: they teach most per second. Large ones late: strokes and borders as users see them."""
        late = self.options.late_size and self.progress >= 1 - self.options.late_share
        return int(self.options.late_size if late else self.options.size)

    def train_step(self) -> tuple[float, float]:
        """One update; returns the batch's Lc and Ls."""
        options, size = self.options, self.crop_size()
        # A larger crop means a smaller batch, so that a step costs about the same.
        number = max(2, round(options.batch * (options.size / size) ** 2))
        content, style = self.contents.sample(number, size), self.styles.sample(number, size)
        draws = torch.rand(2, number, 1, 1, 1, generator=self.generator).to(self.device)
        alpha = torch.where(draws[0] < options.alpha_share, draws[1], torch.ones_like(draws[1]))
        assert content.features is not None  # the content sampler keeps them
        target = content_target(content.features, style.stats, alpha)
        wanted = content.stats.lerp(style.stats, alpha)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate() * group["rate"]
        photos = content.images
        if options.grain_share:
            content = replace(content, images=draw_grained(photos, alpha, options.grain_share, self.generator))
        with autocast(self.device.type, self.precision):
            code, seen = self.recipe.encode(self.network, style)
            result = self.recipe.stylize(self.network, content, code, alpha, target)
            features = self.vgg(straight_through_clamp(result) if options.range_weight else result)
        got = Stats.of(features)
        lc = content_loss(features, target).mean()
        ls = style_loss(got, wanted).mean()
        outside = (result - result.clamp(0, 1)).square().mean()
        loss = lc + self.style_weight() * ls + options.range_weight * outside
        if options.stillness:
            loss = loss + options.stillness * self._stillness(content, code, alpha, target, result)
        if options.stillness or self.rounding:
            loss = loss + self._on_smooth_pictures(photos, code, alpha)
        if self.probe:
            loss = loss + options.probe_weight * self._probed(self.probe, seen, result, style.stats, got)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.parameters(), self.recipe.max_gradient)
        self.optimizer.step()
        self.step += 1
        if self.partner and self.step % EVERY_STEPS == 0:
            self.partner.exchange(self.trained)
        follow(self.trained_average, self.trained, self.step, options.ema)
        return float(lc.detach()), float(ls.detach())

    def _probed(self, probe: StatisticsProbe, seen: Seen, result: Tensor, wanted: Stats, got: Stats) -> Tensor:
        assert not isinstance(self.network, VggAdain)  # the probe sees to it
        of_painting: Tensor = probe(seen.embedded, wanted)
        with autocast(self.device.type, self.precision):
            return of_painting + probe.of_look(self.network.encoder, seen, result, wanted, got)

    def _stillness(self, content: Batch, code: StyleCode, alpha: Tensor, target: Tensor, result: Tensor) -> Tensor:
        def stylize(images: Tensor) -> Tensor:
            with autocast(self.device.type, self.precision):
                return self.recipe.stylize(self.network, replace(content, images=images), code, alpha, target)

        return stillness_loss(content.images, result, stylize, self.generator)

    def _on_smooth_pictures(self, photos: Tensor, code: StyleCode, alpha: Tensor) -> Tensor:
        # Several passes of the network for half of the batch cost what fewer for all of it do.
        number = max(1, len(photos) // 2)
        alpha, code = alpha[:number], {name: part[:number] for name, part in code.items()}
        pictures = draw_smoothed(photos[:number], self.generator)

        def stylize(images: Tensor) -> Tensor:
            result: Tensor = self.network.stylizer(images, alpha, code)
            return result

        total = torch.zeros((), device=self.device)
        with autocast(self.device.type, self.precision):
            painted = stylize(pictures)
            if self.options.stillness:
                total = total + self.options.stillness * stillness_loss(pictures, painted, stylize, self.generator)
            if self.rounding:
                total = total + self.options.rounding * rounding_loss(self.rounding, pictures, painted, code, alpha)
        return total

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
        """Score the averaged weights; log it, redraw curve and pictures, write them."""
        results = self.held_out.run(self.average)
        score = self.held_out.score(results)
        row = {"step": self.step, "seconds": round(self.seconds), "lc": score.lc, "ls": score.ls, **more}
        run: Path = self.options.run
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        self.held_out.sheet(results, run / "pairs.png")
        plot_curve(run / "log.jsonl", run / "curve.png")
        # Half precision is enough for weights that are only used, and keeps their file small.
        dtype = torch.float16 if isinstance(self.average, Fast) else torch.float32
        save_weights(self.average, run / "weights.safetensors", self.record(score), dtype=dtype)
        return score

    def record(self, score: Score) -> dict[str, Any]:
        """How these weights came to be and how well they do, for the model card."""
        options = self.options
        return {
            "steps": self.step,
            "seconds": round(self.seconds),
            "held_out": asdict(score),
            "pairs": options.pairs,
            "images": self.images,
            "size": options.size,
            "late_size": options.late_size,
            "batch": options.batch,
            "learning_rate": options.learning_rate,
            "schedule": options.schedule,
            "short_side": options.short_side,
            "style_weight": options.style_weight,
            "late_style_weight": options.late_style_weight,
            "stillness": options.stillness,
            "rounding": options.rounding,
            "grain_share": options.grain_share,
            "probe_weight": options.probe_weight,
            "precision": options.precision,
            "device": options.device,
            "seed": options.seed,
            "started_from": load_weights(options.init, self.vgg)[1] if options.init else None,
        }

    def save(self) -> None:
        """Write the checkpoint."""
        self._kept().save(self.options.run / "checkpoint.pt", self.step, self.seconds)

    def resume(self) -> bool:
        """Go on from the run's checkpoint; False where there is none."""
        known = self._kept().restore(self.options.run / "checkpoint.pt", self.device)
        self.step, self.seconds = known or (0, 0.0)
        return known is not None

    def _kept(self) -> Kept:
        parts: dict[str, Stateful | None] = {
            "network": self.trained,
            "average": self.trained_average,
            "optimizer": self.optimizer,
            "probe": self.probe,
        }
        return Kept(parts, self.rounding, self.generator, (self.contents, self.styles))
