"""Gatys' optimization as a system: slow, and the measure of what is fast."""

import hashlib
from collections import OrderedDict
from pathlib import Path

from evaluation.sizes import Painting
from evaluation.systems.base import Facts, System, mixed
from evaluation.tensors import as_image, as_tensor
from models.gatys import WANTED_LAYERS, Settings
from models.gatys import stylize as optimize
from models.vgg import Vgg19
from streamstyle.errors import ModelError
from streamstyle.frame import Image

_REMEMBERED = 64


class Gatys(System):
    """From the photo, so many evaluations of the loss; between strengths its pixels move linearly."""

    modes = ()  # a clip would take hours

    def __init__(self, vgg: Path, steps: int, device: str, seed: int) -> None:
        try:
            self._vgg = Vgg19.load(vgg, WANTED_LAYERS, as_available=True).to(device)
        except ValueError as error:
            raise ModelError(str(error)) from error
        self._device, self._settings = device, Settings(steps=steps, seed=seed)
        self._made: OrderedDict[tuple[bytes, str], Image] = OrderedDict()
        weights = hashlib.sha256(vgg.read_bytes()).hexdigest()[:8]
        self.facts = Facts(
            version=f"{steps} steps, {weights}",
            runs_on=f"torch {device} (fp32)",
            styles=None,
            parameters=sum(parameter.numel() for parameter in self._vgg.parameters()),
            megabytes=vgg.stat().st_size / 1e6,
            strength="pixels",
        )

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        if alpha == 0:
            return content
        key = (hashlib.sha256(content.tobytes()).digest(), painting.key)
        if key not in self._made:
            photo, style = as_tensor(content, self._device), as_tensor(painting.image, self._device)
            self._made[key] = as_image(optimize(photo, style, self._vgg, self._settings).picture[0])
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return mixed(content, self._made[key], alpha)
