"""MicroAST as a system, from the weights that its authors published."""

import hashlib
from pathlib import Path

import torch
from torch.nn import functional as F

from bench.microast import WEIGHT_FILES, MicroAST
from evaluation.sizes import Painting
from evaluation.systems.base import Facts, System, mixed
from evaluation.tensors import as_image, as_tensor
from streamstyle.errors import ModelError, UsageError
from streamstyle.frame import Image

_MULTIPLE = 4
"""Its features are at a quarter of the size."""


class MicroAstSystem(System):
    """Pictures and paintings as they are, in PyTorch; between strengths pixels move linearly.

    Its authors' program mixes features, which leaves the range of colors as soon as anything of the photo's is mixed in.

    Source: see `bench.microast`.
    """

    def __init__(self, folder: Path, device: str) -> None:
        """Load the weights.

        Raises:
            ModelError: A file is missing or holds other weights.
        """
        self._folder, self._device = folder, device
        self._networks: dict[str, MicroAST] = {}
        network = self._with(torch.rand(1, 3, 64, 64))
        files = [folder / name for name in WEIGHT_FILES]
        self.facts = Facts(
            version=hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12],
            runs_on=f"torch {device} (fp32)",
            styles=None,
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            megabytes=sum(file.stat().st_size for file in files) / 1e6,
            strength="pixels",
        )

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        if alpha == 0:
            return content
        if painting.key not in self._networks:
            self._networks[painting.key] = self._with(as_tensor(painting.image))
        height, width = content.shape[:2]
        beyond = [0, -width % _MULTIPLE, 0, -height % _MULTIPLE]
        photo = F.pad(as_tensor(content, self._device), beyond, mode="replicate")
        with torch.inference_mode():
            picture = as_image(self._networks[painting.key](photo)[0, :, :height, :width])
        return mixed(content, picture, alpha)

    def _with(self, style: torch.Tensor) -> MicroAST:
        try:
            return MicroAST(self._folder, style).to(self._device)
        except UsageError as error:
            raise ModelError(str(error).removeprefix("--microast: ")) from error
