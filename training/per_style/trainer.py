"""`python -m training.per_style`: train a feed-forward network for one painting, or for a few.

Losses: relu4_1 of the result against that of the photo (Lc), plus lambda times the distance of its Gram matrices over
relu1_1 ... relu4_1 from the painting's (Ls), on the normalised VGG-19. Johnson et al. take relu3_3 for content on a VGG-16
and add a little total variation; ours are the layers by which the other families are judged.

Source: Johnson et al. 2016, arXiv:1603.08155; Ulyanov et al. 2016, arXiv:1607.08022; Dumoulin et al. 2017,
arXiv:1610.07629.
"""

import json
import math
import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import cv2
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from models.feedforward import FeedForward, FeedForwardConfig, mix
from models.losses import content_loss, gram_loss
from models.vgg import Vgg19
from training.checkpoint import save_atomically
from training.data import ImageSet, load_images
from training.per_style.judge import HeldOutPhotos, Paintings, Score
from training.per_style.plot import draw_losses
from training.per_style.weights import save_weights
from training.precision import autocast
from training.targets import TargetSampler

SHOWN = 4
STYLE_RATE = 5.0
"""Learning rate of scales and shifts over that of the convolutions, where they must tell several styles apart."""


def _device(name: str) -> torch.device:
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise ValueError(f"cannot use device '{name}' ({str(error).splitlines()[0]}); choose cpu") from error


def _load_photos(paths: list[Path], device: torch.device) -> tuple[ImageSet, ImageSet]:
    try:
        return load_images(paths, device)
    except OSError as error:
        named, problem = ", ".join(f"'{path}'" for path in paths), error.strerror or str(error)
        raise ValueError(f"cannot read photos from {named} ({problem}); wanted folders or tars of images") from error


class PerStyleTrainer:
    """One run: its network, its folder, its loop."""

    def __init__(self, options: Namespace, config: FeedForwardConfig) -> None:
        """Load what training needs.

        Args:
            options: As `training.per_style.options.parse` gives them.
            config: Of the network.

        Raises:
            ValueError: An input cannot be used.
            OSError: The folder of the run cannot be made.
        """
        self.options = options
        self.device = _device(options.device)
        self.precision = getattr(torch, options.precision)
        if options.threads:
            torch.set_num_threads(options.threads)
        self.vgg = Vgg19.load(options.vgg).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.paintings = Paintings.load(options.styles, self.vgg, self.device, short_side=options.style_size)
        photos, held_out = _load_photos(options.contents, self.device)
        self.images = f"{len(photos)} photos"
        self.photos = TargetSampler(
            photos,
            self.vgg,
            seed=options.seed,
            variants=options.variants,
            keep_features=True,
            precision=self.precision,
        )
        self.held_out = HeldOutPhotos(
            held_out,
            self.paintings,
            self.vgg,
            number=max(options.photos, len(self.paintings.names)),
            size=options.size,
            style_weight=options.style_weight,
        )
        torch.manual_seed(options.seed)
        network = FeedForward(config).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: FeedForward = network
        tables = [*network.shifts.parameters(), *network.scales.parameters()]
        groups = [
            {"params": list(network.stylizer.parameters()), "rate": 1.0},
            {"params": tables, "rate": STYLE_RATE if config.styles > 1 else 1.0},
        ]
        self.optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step = 0
        self.seconds = 0.0
        options.run.mkdir(parents=True, exist_ok=True)

    def train_step(self) -> float:
        """One update; returns the loss on this batch.

        Raises:
            ValueError: The loss is not finite.
        """
        options = self.options
        photos = self.photos.sample(options.batch, options.size)
        styles = torch.randint(len(self.paintings.names), (options.batch,), generator=self.generator).to(self.device)
        assert photos.features is not None  # the sampler keeps them
        rate = options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / options.steps)))
        images, alpha = photos.images.to(memory_format=torch.channels_last), torch.ones(1, 1, 1, 1, device=self.device)
        with autocast(self.device.type, self.precision):
            features = self.vgg(self.network(images, styles, alpha))
        lc = content_loss(features, photos.features.float()).mean()
        ls = gram_loss(features, self.paintings.of(styles)).mean()
        loss = lc + options.style_weight * ls
        if not bool(loss.isfinite()):
            raise ValueError(f"the loss at step {self.step} is not finite; lower --learning-rate")
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["rate"]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def run(self) -> Score:
        """Train to the end of the run; returns the last held-out score."""
        options = self.options
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        saved = time.monotonic()
        if self.step == 0:
            self.evaluate()
        with Progress(*columns) as bar:
            task = bar.add_task("training", total=options.steps, completed=self.step)
            while self.step < options.steps:
                started = time.monotonic()
                loss = self.train_step()
                self.seconds += time.monotonic() - started
                bar.update(task, completed=self.step, description=f"step {self.step}  {loss:.2f}")
                if self.step % options.evaluate_every == 0 and self.step < options.steps:
                    bar.console.print(f"step {self.step}: held-out loss {self.evaluate().loss:.3f}")
                if time.monotonic() - saved > 60 * options.save_minutes:
                    self.save()
                    saved = time.monotonic()
        score = self.evaluate()
        self.save()
        print(f"{self.step} steps, held-out Lc {score.lc:.3f}, Ls {score.ls:.3f}, loss {score.loss:.3f}")
        return score

    @property
    def log_path(self) -> Path:
        """One JSON line per evaluation."""
        return Path(self.options.run) / "log.jsonl"

    @property
    def weights_path(self) -> Path:
        """Where the weights are written."""
        return Path(self.options.run) / "weights.safetensors"

    def evaluate(self) -> Score:
        """Score the network; add to the log, redraw curve and pictures, write the weights."""
        score = self.held_out.score(self.held_out.run(self.network))
        save_weights(self.network, self.paintings.names, self.weights_path, self.record(score))
        row: dict[str, Any] = {"step": self.step, "seconds": round(self.seconds)}
        self._log(row | {"score": asdict(score)})
        draw_losses(self.log_path, self.options.run / "curve.png", self.options.style_weight)
        write_picture(self.sheet(), self.options.run / "pictures.png")
        return score

    @torch.no_grad()
    def sheet(self) -> Tensor:
        """Some held-out photos, each beside its results: (3, H, W) in [0, 1].

        A row holds the photo, then all styles, with the one halfway between every two neighbours.
        """
        photos = self.held_out.photos[:SHOWN]
        columns = [photos]
        alpha = torch.ones(1, 1, 1, 1, device=self.device)
        codes = [self.network.style_code(index) for index in range(self.network.config.styles)]
        for index, code in enumerate(codes):
            if index > 0:
                columns.append(self.network.stylizer(photos, alpha, mix([codes[index - 1], code], [0.5, 0.5])))
            columns.append(self.network.stylizer(photos, alpha, code))
        return torch.cat(list(torch.cat(columns, dim=3)), dim=1)

    def record(self, score: Score) -> dict[str, Any]:
        """How these weights came to be."""
        options = self.options
        kept = ("size", "style_size", "batch", "learning_rate", "style_weight", "precision", "device", "seed")
        record = {"steps": self.step, "seconds": round(self.seconds), "held_out": asdict(score), "images": self.images}
        return record | {name: getattr(options, name) for name in kept}

    def setup(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        kept = ("size", "style_size", "batch", "style_weight", "seed", "variants")
        own = {"network": asdict(self.network.config), "styles": self.paintings.names, "contents": self.images}
        return own | {name: getattr(self.options, name) for name in kept}

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "setup": self.setup(),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "sampler": self.photos.state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(state, self.options.run / "checkpoint.pt")

    def resume(self) -> bool:
        """Go on from the run's checkpoint; False where there is none.

        Raises:
            ValueError: The checkpoint cannot be read, or is of a run with another network, other styles or batches.
        """
        path: Path = self.options.run / "checkpoint.pt"
        if not path.exists():
            return False
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            setup = state["setup"]
        except (RuntimeError, EOFError, KeyError, OSError, UnpicklingError) as error:
            raise ValueError(f"'{path}' is not a checkpoint of this trainer; choose another --run or delete it") from error
        for name, wanted in self.setup().items():
            if setup.get(name) != wanted:
                raise ValueError(
                    f"'{path}' is of a run with different {name.replace('_', ' ')} ({setup.get(name)}, now {wanted}); "
                    "choose another --run"
                )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())
        self.photos.restore(state["sampler"])
        self.step, self.seconds = state["step"], state["seconds"]
        return True

    def _log(self, row: dict[str, Any]) -> None:
        """Add a row; those of the same and later steps go, since a run that was killed makes them again."""
        lines = self.log_path.read_text().splitlines() if self.log_path.exists() else []
        earlier = [line for line in lines if line.endswith("}}") and json.loads(line)["step"] < row["step"]]
        partial = self.log_path.with_suffix(".partial")
        partial.write_text("".join(f"{line}\n" for line in [*earlier, json.dumps(row)]))
        partial.replace(self.log_path)


def write_picture(image: Tensor, path: Path) -> None:
    """Write (3, H, W) in [0, 1], RGB, as a picture file."""
    rgb = image.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    cv2.imwrite(str(partial), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    partial.replace(path)
