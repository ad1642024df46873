"""`python -m training.per_style`: train a feed-forward network for one painting, or for a few (`--norm conditional`).

Losses: relu4_1 of the result against that of the photo (Lc), plus lambda times the distance of its Gram matrices over
relu1_1 ... relu4_1 from the painting's (Ls), on the normalised VGG-19. Johnson et al. take relu3_3 for content on a VGG-16
and add a little total variation; ours are the layers by which the other families are judged.

Source: Johnson et al. 2016, arXiv:1603.08155; Ulyanov et al. 2016, arXiv:1607.08022; Dumoulin et al. 2017,
arXiv:1610.07629.
"""

import argparse
import copy
import json
import math
import sys
import tarfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import cv2
import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.nn import functional as F

from models.feedforward import NORMS, FeedForward, FeedForwardConfig, mix
from models.losses import DEEPEST, content_loss, gram, gram_loss
from models.vgg import Vgg19
from training.checkpoint import save_atomically
from training.data import ImageSet, centre_crop, load_images
from training.per_style_plot import draw_losses
from training.per_style_weights import save_weights
from training.targets import TargetSampler

SMALLEST_PAINTING = 16
LONGEST_SIDES = 4
JUDGED_AT_ONCE = 8
SHOWN = 4
STYLE_RATE = 5.0
"""Learning rate of scales and shifts over that of the convolutions, where they must tell several styles apart."""
TRAINING_MODE = " (training mode)"
"""Marks the scores of a network that was run with the statistics of the held-out batch."""


@dataclass(frozen=True, slots=True)
class Paintings:
    """What is to be learnt.

    Attributes:
        names: Of the styles, in order.
        grams: Layer -> (styles, C, C) float32.
    """

    names: list[str]
    grams: dict[str, Tensor]

    @classmethod
    def load(cls, paths: Sequence[Path], vgg: Vgg19, device: torch.device, *, short_side: int) -> "Paintings":
        """Read picture files; each is named after its file.

        Args:
            paths: One or more.
            vgg: The judge.
            device: Where the Gram matrices are kept.
            short_side: Pixels to which the short side is scaled; it decides how large the strokes are.

        Raises:
            ValueError: A file is missing or no picture, or two have the same name.
        """
        names = [path.stem for path in paths]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise ValueError(f"two paintings are called '{min(doubled)}'; rename one, styles are named after their files")
        found = []
        for path in paths:
            with torch.no_grad():
                features = vgg(read_painting(path, short_side).to(device))
            found.append({layer: gram(tensor) for layer, tensor in features.items()})
        return cls(names, {layer: torch.cat([grams[layer] for grams in found]) for layer in found[0]})

    def of(self, indices: Tensor) -> dict[str, Tensor]:
        """Layer -> (N, C, C): the Gram matrices of N styles."""
        return {layer: grams[indices] for layer, grams in self.grams.items()}


def read_painting(path: Path, short_side: int) -> Tensor:
    """A picture file as (1, 3, H, W) float32 in [0, 1], RGB; a very long one is cut to the middle of it.

    Raises:
        ValueError: The file is missing, is no picture, or has next to no pixels.
    """
    if not path.is_file():
        raise ValueError(f"wanted a painting, but there is no file '{path}'")
    data = np.frombuffer(path.read_bytes(), np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise ValueError(f"wanted a painting, but '{path}' is not a picture that can be read")
    height, width = bgr.shape[:2]
    short = min(height, width)
    if short < SMALLEST_PAINTING:
        wanted = f"{SMALLEST_PAINTING}x{SMALLEST_PAINTING}"
        raise ValueError(f"painting '{path}' is {width}x{height} pixels; wanted at least {wanted}")
    limit = LONGEST_SIDES * short
    top, left = max(0, height - limit) // 2, max(0, width - limit) // 2
    rgb = np.ascontiguousarray(bgr[top : top + limit, left : left + limit, ::-1].transpose(2, 0, 1))
    image = torch.from_numpy(rgb)[None].float().div(255)
    size = [round(side * short_side / short) for side in image.shape[2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class Score:
    """Means over pictures.

    Attributes:
        lc: Content loss.
        ls: Gram loss.
        loss: Lc + lambda Ls.
    """

    lc: float
    ls: float
    loss: float


class HeldOutPhotos:
    """Photos that are never trained on, each with one of the styles in turn, and what VGG wants of their results."""

    def __init__(
        self, photos: ImageSet, paintings: Paintings, vgg: Vgg19, *, number: int, size: int, style_weight: float
    ) -> None:
        chosen = np.random.default_rng(0).permutation(len(photos))[:number]
        self.photos = torch.stack([centre_crop(photos.images[index], size) for index in chosen])  # (N, 3, size, size)
        self.styles = torch.arange(len(chosen), device=self.photos.device) % len(paintings.names)
        self.vgg, self.paintings, self.style_weight = vgg, paintings, style_weight
        with torch.no_grad():
            self.wanted = [vgg(photos)[DEEPEST] for photos in torch.split(self.photos, JUDGED_AT_ONCE)]

    @torch.no_grad()
    def run(self, network: FeedForward, photos: Tensor | None = None, *, training_mode: bool = False) -> Tensor:
        """The network's results, rounded to 8 bits as users see them; the network stays as it is.

        Args:
            network: In either mode.
            photos: (N, 3, H, W) in place of the held-out ones.
            training_mode: Normalise by the statistics of these photos together, where the network has batch norm.

        Returns:
            (N, 3, H, W) float32 in [0, 1].
        """
        # A copy, since a pass in training mode moves the running statistics.
        network = copy.deepcopy(network).train(training_mode)
        photos = self.photos if photos is None else photos
        alpha = torch.ones(1, 1, 1, 1, device=photos.device)
        result: Tensor = network(photos, self.styles, alpha)
        return result.mul(255).round().div(255)

    @torch.no_grad()
    def score(self, results: Tensor) -> Score:
        """The losses of one result per photo, in float32."""
        lc, ls = 0.0, 0.0
        grams = self.paintings.of(self.styles)
        for number, (part, wanted) in enumerate(zip(torch.split(results, JUDGED_AT_ONCE), self.wanted, strict=True)):
            features = self.vgg(part)
            rows = slice(number * JUDGED_AT_ONCE, (number + 1) * JUDGED_AT_ONCE)
            lc += float(content_loss(features, wanted).sum())
            ls += float(gram_loss(features, {layer: matrices[rows] for layer, matrices in grams.items()}).sum())
        lc, ls = lc / len(results), ls / len(results)
        return Score(lc, ls, lc + self.style_weight * ls)


class Learner:
    """One network and its optimizer."""

    def __init__(self, config: FeedForwardConfig, *, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed)  # so that networks that differ in their norm only start from the same weights
        network = FeedForward(config).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: FeedForward = network
        tables = [*network.shifts.parameters(), *network.scales.parameters()]
        groups = [
            {"params": list(network.stylizer.parameters()), "rate": 1.0},
            {"params": tables, "rate": STYLE_RATE if config.styles > 1 else 1.0},
        ]
        self.optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))


def _device(name: str) -> torch.device:
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise ValueError(f"cannot use device '{name}' ({str(error).splitlines()[0]}); choose cpu") from error


def _load_photos(paths: list[Path], device: torch.device) -> tuple[ImageSet, ImageSet]:
    try:
        return load_images(paths, device)
    except (OSError, tarfile.TarError) as error:
        named, problem = ", ".join(f"'{path}'" for path in paths), str(error).splitlines()[0].rstrip(":")
        raise ValueError(f"cannot read photos from {named} ({problem}); wanted folders or tars of images") from error


class PerStyleTrainer:
    """One run: its networks, which see the same batches, its folder, its loop."""

    def __init__(self, options: Namespace, configs: Mapping[str, FeedForwardConfig]) -> None:
        """Load what training needs.

        Args:
            options: What `add_options` defines.
            configs: Name -> network; one, or several to compare.

        Raises:
            ValueError: An input cannot be used.
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
            colour=False,
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
        self.learners = {name: Learner(config, seed=options.seed, device=self.device) for name, config in configs.items()}
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step = 0
        self.seconds = 0.0
        options.run.mkdir(parents=True, exist_ok=True)

    def train_step(self) -> dict[str, float]:
        """One update of every network; returns the loss of each on this batch.

        Raises:
            ValueError: A loss is not finite.
        """
        options = self.options
        photos = self.photos.sample(options.batch, options.size)
        styles = torch.randint(len(self.paintings.names), (options.batch,), generator=self.generator).to(self.device)
        grams = self.paintings.of(styles)
        assert photos.features is not None  # the sampler keeps them
        rate = options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / options.steps)))
        images, alpha = photos.images.to(memory_format=torch.channels_last), torch.ones(1, 1, 1, 1, device=self.device)
        losses = {}
        for name, learner in self.learners.items():
            with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                features = self.vgg(learner.network(images, styles, alpha))
            lc = content_loss(features, photos.features.float()).mean()
            ls = gram_loss(features, grams).mean()
            loss = lc + options.style_weight * ls
            losses[name] = float(loss.detach())
            if not math.isfinite(losses[name]):
                raise ValueError(f"the loss of '{name}' at step {self.step} is not finite; lower --learning-rate")
            for group in learner.optimizer.param_groups:
                group["lr"] = rate * group["rate"]
            learner.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            learner.optimizer.step()
        self.step += 1
        return losses

    def run(self) -> dict[str, Score]:
        """Train to the end of the run; returns the last held-out scores."""
        options = self.options
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        saved = time.monotonic()
        if self.step == 0:
            self.evaluate()
        with Progress(*columns) as bar:
            task = bar.add_task("training", total=options.steps, completed=self.step)
            while self.step < options.steps:
                started = time.monotonic()
                losses = self.train_step()
                self.seconds += time.monotonic() - started
                text = "  ".join(f"{name} {loss:.2f}" for name, loss in losses.items())
                bar.update(task, completed=self.step, description=f"step {self.step}  {text}")
                if self.step % options.evaluate_every == 0 and self.step < options.steps:
                    scores = self.evaluate()
                    told = "  ".join(f"{name} {score.loss:.3f}" for name, score in scores.items())
                    bar.console.print(f"step {self.step}: held-out loss {told}")
                if time.monotonic() - saved > 60 * options.save_minutes:
                    self.save()
                    saved = time.monotonic()
        scores = self.evaluate()
        self.save()
        for name, score in scores.items():
            print(f"{name}: {self.step} steps, held-out Lc {score.lc:.3f}, Ls {score.ls:.3f}, loss {score.loss:.3f}")
        return scores

    @property
    def log_path(self) -> Path:
        """One JSON line per evaluation."""
        return Path(self.options.run) / "log.jsonl"

    def weights_path(self, name: str) -> Path:
        """Where the weights of a network are written."""
        return Path(self.options.run) / ("weights.safetensors" if len(self.learners) == 1 else f"{name}.safetensors")

    def evaluate(self) -> dict[str, Score]:
        """Score every network; add to the log, redraw curve and pictures, write the weights."""
        scores: dict[str, Score] = {}
        for name, learner in self.learners.items():
            network = learner.network
            scores[name] = self.held_out.score(self.held_out.run(network))
            if network.config.norm == "batch":
                scores[name + TRAINING_MODE] = self.held_out.score(self.held_out.run(network, training_mode=True))
            save_weights(network, self.paintings.names, self.weights_path(name), self.record(scores[name]))
        row: dict[str, Any] = {"step": self.step, "seconds": round(self.seconds)}
        self._log(row | {"scores": {name: asdict(score) for name, score in scores.items()}})
        draw_losses(self.log_path, self.options.run / "curve.png", self.options.style_weight)
        write_picture(self.sheet(), self.options.run / "pictures.png")
        return scores

    @torch.no_grad()
    def sheet(self) -> Tensor:
        """Some held-out photos, each beside its results: (3, H, W) in [0, 1].

        A row holds the photo, then for every network all its styles, with the one halfway between every two neighbours.
        """
        photos = self.held_out.photos[:SHOWN]
        columns = [photos]
        alpha = torch.ones(1, 1, 1, 1, device=self.device)
        for learner in self.learners.values():
            network = copy.deepcopy(learner.network).eval()
            codes = [network.style_code(index) for index in range(network.config.styles)]
            for index, code in enumerate(codes):
                if index > 0:
                    columns.append(network.stylizer(photos, alpha, mix([codes[index - 1], code], [0.5, 0.5])))
                columns.append(network.stylizer(photos, alpha, code))
        return torch.cat(list(torch.cat(columns, dim=3)), dim=1)

    def record(self, score: Score) -> dict[str, Any]:
        """How these weights came to be."""
        options = self.options
        kept = ("size", "style_size", "batch", "learning_rate", "style_weight", "precision", "device", "seed")
        record = {"steps": self.step, "seconds": round(self.seconds), "held_out": asdict(score), "images": self.images}
        return record | {name: getattr(options, name) for name in kept}

    def setup(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        configs = {name: asdict(learner.network.config) for name, learner in self.learners.items()}
        kept = ("size", "style_size", "batch", "style_weight", "seed", "variants")
        own = {"networks": configs, "styles": self.paintings.names, "contents": self.images}
        return own | {name: getattr(self.options, name) for name in kept}

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "setup": self.setup(),
            "networks": {name: learner.network.state_dict() for name, learner in self.learners.items()},
            "optimizers": {name: learner.optimizer.state_dict() for name, learner in self.learners.items()},
            "generator": self.generator.get_state(),
            "sampler": self.photos.state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(state, self.options.run / "checkpoint.pt")

    def resume(self) -> bool:
        """Go on from the run's checkpoint; False where there is none.

        Raises:
            ValueError: The checkpoint cannot be read, or is of a run with other networks, styles or batches.
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
                    f"'{path}' is of a run with other {name.replace('_', ' ')} ({setup.get(name)}, now {wanted}); "
                    "choose another --run"
                )
        for name, learner in self.learners.items():
            learner.network.load_state_dict(state["networks"][name])
            learner.optimizer.load_state_dict(state["optimizers"][name])
        self.generator.set_state(state["generator"].cpu())
        self.photos.restore(state["sampler"])
        self.step, self.seconds = state["step"], state["seconds"]
        return True

    def _log(self, row: dict[str, Any]) -> None:
        """Add a row; those of the same and later steps go, since a run that was killed makes them again."""
        lines = self.log_path.read_text().splitlines() if self.log_path.exists() else []
        earlier = [line for line in lines if line.endswith("}}}") and json.loads(line)["step"] < row["step"]]
        partial = self.log_path.with_suffix(".partial")
        partial.write_text("".join(f"{line}\n" for line in [*earlier, json.dumps(row)]))
        partial.replace(self.log_path)


def write_picture(image: Tensor, path: Path) -> None:
    """Write (3, H, W) in [0, 1], RGB, as a picture file."""
    rgb = image.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    cv2.imwrite(str(partial), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    partial.replace(path)


def positive(text: str) -> int:
    """An argument that counts something."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"wanted 1 or more, got {number}")
    return number


def positive_float(text: str) -> float:
    """An argument that weighs something."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"wanted a number above 0, got {text}")
    return number


def add_options(parser: argparse.ArgumentParser, *, run: str, steps: int) -> None:
    """The options that the trainer reads, besides `styles`."""
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--run", type=Path, default=Path(run), help=f"folder of checkpoint, log, pictures (default {run})")
    parser.add_argument("--steps", type=positive, default=steps, help=f"train so many steps in all (default {steps})")
    parser.add_argument("--size", type=int, default=128, help="side of the training crops (default 128)")
    parser.add_argument("--style-size", type=int, default=256, help="short side of the paintings (default 256)")
    parser.add_argument("--batch", type=positive, default=4)
    parser.add_argument("--width", type=positive, default=16, help="channels at full size (default 16)")
    parser.add_argument("--blocks", type=int, default=5, help="residual blocks (default 5)")
    parser.add_argument("--learning-rate", type=positive_float, default=2e-3, help="at the start, then a cosine to 0")
    parser.add_argument("--style-weight", type=positive_float, default=1.0, help="lambda (default 1)")
    parser.add_argument("--variants", type=int, help="crops per photo whose targets are kept (default: 2 on a CPU, else 0)")
    parser.add_argument("--evaluate-every", type=positive, default=50, help="steps between two evaluations (default 50)")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="minutes between two checkpoints (default 5)")
    parser.add_argument("--photos", type=positive, default=16, help="held-out photos of an evaluation (default 16)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--threads", type=positive, help="CPU threads")


def check_options(parser: argparse.ArgumentParser, options: Namespace) -> None:
    """Fill in what depends on other options, and end with one line where a value cannot be."""
    if options.variants is None:
        options.variants = 2 if options.device == "cpu" else 0
    if options.size < 32 or options.size % 16:
        parser.error(f"--size: wanted a multiple of 16 from 32 on, got {options.size}")
    if options.style_size < 32:
        parser.error(f"--style-size: wanted 32 or more, got {options.style_size}")
    if options.blocks < 0 or options.variants < 0:
        parser.error("--blocks and --variants: wanted 0 or more")
    if options.run.exists() and not options.run.is_dir():
        parser.error(f"--run: wanted a folder, but '{options.run}' is a file")


def start(options: Namespace, configs: Mapping[str, FeedForwardConfig]) -> PerStyleTrainer:
    """A trainer, at its checkpoint if it has one.

    Raises:
        ValueError: An input cannot be used.
    """
    try:
        trainer = PerStyleTrainer(options, configs)
    except OSError as error:  # a folder that cannot be written, say
        raise ValueError(str(error)) from error
    if trainer.resume():
        print(f"going on from step {trainer.step}")
    return trainer


def parse(arguments: list[str] | None = None) -> tuple[Namespace, FeedForwardConfig]:
    """Read the command line; see `python -m training.per_style --help`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.per_style",
        description="Train a feed-forward network for one painting, or with --norm conditional for a few. "
        "The same command goes on from the run's checkpoint if there is one.",
    )
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="picture files of paintings")
    parser.add_argument("--norm", choices=NORMS, default="instance", help="default instance")
    add_options(parser, run="runs/per_style", steps=2000)
    options = parser.parse_args(arguments)
    check_options(parser, options)
    try:
        return options, FeedForwardConfig(options.norm, len(options.styles), options.width, options.blocks)
    except ValueError as error:
        parser.error(str(error))


def exit_code(command: str, work: Callable[[], object]) -> int:
    """Of a training: 0, or with one line 1 when an input cannot be used and 130 when it was stopped."""
    try:
        work()
    except (ValueError, OSError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Train; exit code 1 with one line when an input cannot be used, 2 for bad options."""
    options, config = parse(arguments)
    code = exit_code("per_style", lambda: start(options, {options.norm: config}).run())
    if code == 0:
        print(f"weights: {options.run / 'weights.safetensors'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
