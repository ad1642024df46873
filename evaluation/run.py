"""Runs systems over pairs and clips and writes down what was measured; goes on where it was stopped."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from evaluation import clips
from evaluation.measures import cost, effectiveness
from evaluation.measures.scorer import WANTED_LAYERS, Scorer
from evaluation.measures.temporal import strip
from evaluation.plan import IDENTITY, ClipCase, Plan, clips_told, pair_case
from evaluation.progress import progress
from evaluation.record import Records
from evaluation.report.pictures import Pictures, choose_pairs
from evaluation.sizes import Painting, as_painting, crop_to
from evaluation.sweep import FULL, Ratio
from evaluation.systems.base import System
from evaluation.systems.catalog import REFERENCES, Options, open_system
from models.vgg import Vgg19
from streamstyle.errors import ModelError, SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.pictures import read_image
from streamstyle.media.sinks.image import ImageSink


class Evaluation:
    """One report's worth of measuring.

    Attributes:
        plan: What is wanted.
        pairs: Photo and painting, in the order in which they are taken.
        records: What was measured.
        warnings: What should be known of it.
        facts: Name -> Facts of each system, as a dict.
    """

    def __init__(self, plan: Plan, console: Console) -> None:
        """Read the pictures, open the records.

        Raises:
            SourceError: Pictures or clips cannot be used.
            UsageError: The records there are of other settings.
            ValueError: The weights of VGG-19 cannot be used.
        """
        self.plan, self._console = plan, console
        self.warnings: list[str] = []
        self.facts: dict[str, dict[str, Any]] = {}
        self.contents = Pictures(plan.contents, held_out=plan.held_out)
        self.styles = Pictures(plan.styles, held_out=plan.held_out)
        self._basis_photos = Pictures(plan.basis) if plan.basis else self.contents
        self.clip_paths = clips.find_clips(plan.clips) if plan.clips else []
        self._usable: dict[tuple[Pictures, str], bool] = {}
        self.pairs = choose_pairs(
            self.contents.names,
            self.styles.names,
            plan.pairs,
            plan.seed,
            lambda pair: self._can_use(self.contents, pair[0]) and self._can_use(self.styles, pair[1]),
        )
        if not self.pairs:
            raise SourceError("no photo and painting can be read, so there is no pair to evaluate")
        if len(self.pairs) < plan.pairs:
            self._warn(f"there are only {len(self.pairs)} pairs of these photos and paintings, not {plan.pairs}")
        self._vgg_network = Vgg19.load(plan.vgg, WANTED_LAYERS, as_available=True)
        self.layers = [layer for layer in effectiveness.LAYERS if layer in self._vgg_network.layers]
        if missing := [layer for layer in effectiveness.LAYERS if layer not in self.layers]:
            self._warn(f"the weights of VGG-19 end before {missing[0]}: E is measured at {', '.join(self.layers)}")
        self.records = Records(plan.output / "records.jsonl", self.settings, fresh=plan.fresh)
        self._footage: dict[Path, clips.Footage] = {}
        for name in plan.redo:
            self.records.forget(name)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self._console.print(f"[yellow]![/] {text}", highlight=False, soft_wrap=True)

    def _can_use(self, pictures: Pictures, name: str) -> bool:
        if (pictures, name) not in self._usable:
            try:
                pictures.image(name)
                self._usable[pictures, name] = True
            except SourceError as error:
                self._usable[pictures, name] = False
                self._warn(f"left out: {error}")
        return self._usable[pictures, name]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What figures depend on, apart from the systems: figures of other settings are never mixed in."""
        plan = self.plan
        return {
            "contents": f"{self.contents.source}, {len(self.contents.names)} pictures, {self.contents.checksum}",
            "styles": f"{self.styles.source}, {len(self.styles.names)} pictures, {self.styles.checksum}",
            "held_out": plan.held_out,
            "seed": plan.seed,
            "draws": plan.draws,
            "size": f"{plan.size[0]}x{plan.size[1]}",
            "device": plan.device,
            "vgg": hashlib.sha256(plan.vgg.read_bytes()).hexdigest()[:12],
            "layers": ", ".join(self.layers),
            "basis": f"{self._basis_photos.source}, at most {plan.basis_pictures} pictures, {self._basis_photos.checksum}",
            "clips": f"{clips_told(plan)}, short side {plan.clip_size}",
        }

    def content(self, pair: tuple[str, str]) -> Image:
        """The photo of a pair, as it is stylized."""
        return crop_to(self.contents.image(pair[0]), *self.plan.size)

    def painting(self, name: str) -> Painting:
        """A painting, as it is encoded."""
        return as_painting(name, self.styles.image(name))

    @cached_property
    def scorer(self) -> Scorer:
        """Ready to measure; finds the PCA basis, or takes it from where an earlier run has left it."""
        plan = self.plan
        scorer = Scorer(self._vgg_network, draws=plan.draws, seed=plan.seed, device=plan.device)
        path = plan.output / f"basis-{_short_hash(self.settings['basis'], self.settings['vgg'], self.settings['size'])}.npz"
        basis = effectiveness.Basis.load(path)
        if basis is None:
            order = np.random.default_rng([plan.seed, 2]).permutation(len(self._basis_photos.names))
            moments: list[dict[str, effectiveness.Moments]] = []
            with progress(self._console, "PCA basis of photos", min(plan.basis_pictures, len(order))) as step:
                for index in order:
                    name = self._basis_photos.names[index]
                    if len(moments) < plan.basis_pictures and self._can_use(self._basis_photos, name):
                        moments.append(scorer.moments(crop_to(self._basis_photos.image(name), *plan.size)))
                        step()
            basis = effectiveness.Basis.of(moments)
            basis.save(path)
        scorer.use_basis(basis)
        return scorer

    def run(self) -> None:
        """Measure everything that is not there yet.

        Raises:
            StreamstyleError: A system cannot be used.
        """
        models = {IDENTITY: IDENTITY} | self.plan.models
        plan = self.plan
        options = Options(plan.device, plan.vgg, plan.gatys_steps, plan.seed, plan.grain)
        opened = {name: open_system(model, options) for name, model in models.items()}  # all, so that faults come first
        for name, system in opened.items():
            self.facts[name] = asdict(system.facts)
            kept = {key: self.facts[name][key] for key in ("version", "runs_on")}
            self.records.system(name, kept)
        for name in list(opened):
            system = opened.pop(name)  # let go of one before the next one works
            self._measure_pairs(name, system)
            self._measure_clips(name, system)
            if self.plan.cost and models[name] not in REFERENCES:
                self._measure_cost(name, models[name], options)

    def pairs_of(self, name: str) -> list[tuple[str, str]]:
        """The pairs that a model is to paint."""
        return self.pairs[: self.plan.limits.get(name, len(self.pairs))]

    def _measure_pairs(self, name: str, system: System) -> None:
        work = []
        for index, pair in enumerate(self.pairs_of(name)):
            sweep = index < self.plan.sweep_pairs and name not in REFERENCES
            for ratio in (Ratio(FULL, 1.0), *(self.plan.ratios if sweep else ())):
                shown = ratio.label == FULL and index < self.plan.shown
                missing = shown and not self.picture_path(name, pair).is_file()
                if missing or not self.records.done(name, pair_case(pair, ratio.label)):
                    work.append((pair, ratio, shown))
        if not work:
            return
        known = [entry for entry in work if system.knows(self.painting(entry[0][1]))]
        if len(known) < len(work):
            self._warn(f"{name} knows only the styles of its own; {len(known)} of {len(work)} pictures are for it")
        with progress(self._console, f"{name}, pictures", len(known)) as step:
            for pair, ratio, shown in known:
                content, painting = self.content(pair), self.painting(pair[1])
                result = system.stylize(content, painting, ratio.alpha)
                if result.shape != content.shape:
                    raise ModelError(f"'{name}' gave a picture of {result.shape} for one of {content.shape}")
                if shown:
                    _write(result, self.picture_path(name, pair))
                case = pair_case(pair, ratio.label)
                if not self.records.done(name, case):
                    self.records.add(name, case, self.scorer.measure(content, painting, result))
                step()

    @property
    def first_painting(self) -> str:
        """The one whose strips are shown."""
        return self.pairs[0][1]

    def clip_cases(self, modes: Sequence[str]) -> Iterator[tuple[Path, ClipCase]]:
        """Every clip in every painting and mode."""
        paintings = list(dict.fromkeys(style for _, style in self.pairs))[: self.plan.clip_styles]
        for path in self.clip_paths:
            for painting in paintings:
                for mode in modes:
                    key = f"clip|{path.stem}|{clips.checksum(path)}|{painting}|{mode}"
                    yield path, ClipCase(path.stem, painting, mode, key)

    def _measure_clips(self, name: str, system: System) -> None:
        cases = [
            (path, case)
            for path, case in self.clip_cases(system.modes)
            if not (self.records.done(name, case.key) and self.strip_path(name, case).is_file())
            and system.knows(self.painting(case.painting))
        ]
        cases = [(path, case) for path, case in cases if self._can_play(path)]
        if not cases:
            return
        with progress(self._console, f"{name}, clips", len(cases)) as step:
            for path, case in cases:
                clip = self.footage(path)
                mode = next(mode for mode in system.modes if mode == case.mode)
                frames = system.play(clip.frames, self.painting(case.painting), mode)
                _write(strip(frames), self.strip_path(name, case))
                if not self.records.done(name, case.key):
                    self.records.add(name, case.key, clips.judge(frames, clip))
                step()

    def _can_play(self, path: Path) -> bool:
        """Whether a clip can be read; one that cannot is named, and left out from then on."""
        if path not in self.clip_paths:
            return False
        try:
            self.footage(path)
        except SourceError as error:
            self.clip_paths.remove(path)
            self._warn(f"left out: {error}")
            return False
        return True

    def footage(self, path: Path) -> clips.Footage:
        """A clip, read once."""
        if path not in self._footage:
            plan = self.plan
            self._footage[path] = clips.footage(path, plan.clip_start, plan.clip_frames, plan.clip_size)
        return self._footage[path]

    @property
    def cost_case(self) -> str:
        """The name of the case in the records."""
        return f"cost|{cost.WIDTH}x{cost.HEIGHT}|{self.plan.device}"

    def _measure_cost(self, name: str, model: str, options: Options) -> None:
        if self.records.done(name, self.cost_case) and not self.plan.redo_cost:
            return
        with progress(self._console, f"{name}, seconds and memory", 1) as step:
            self.records.add(name, self.cost_case, cost.measure_apart(model, options))
            step()

    def picture_path(self, name: str, pair: tuple[str, str]) -> Path:
        """Where a stylized picture is kept for the report."""
        version = self.facts[name]["version"]
        return self.plan.output / "pictures" / f"{_file_name(name)}-{_short_hash(name, version, *pair, self.settings)}.png"

    def strip_path(self, name: str, case: ClipCase) -> Path:
        """Where a strip of pixels over time is kept for the report."""
        version = self.facts[name]["version"]
        return (
            self.plan.output / "pictures" / f"{_file_name(name)}-{_short_hash(name, version, case.key, self.settings)}.png"
        )

    def picture(self, path: Path) -> Image:
        """One of those."""
        return read_image(path)

    def close(self) -> None:
        """Let go of the records."""
        self.records.close()


def _write(image: Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with ImageSink(path, overwrite=True) as sink:
        sink.write(Frame(np.ascontiguousarray(image), 0, Fraction(0)))


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)


def _short_hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
