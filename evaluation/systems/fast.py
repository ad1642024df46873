"""`fast` from weights as they are trained, without exporting them first: what training has just written can be judged."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from evaluation.sizes import Painting
from evaluation.systems.base import Facts, System
from export.graphs import StyleGraph, StylizeGraph
from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.paint.grain import grained
from training.checkpoint import load_fast, weights_checksum


class FastWeights(System):
    """The exported graphs before they are exported: PyTorch, float32. With grain."""

    def __init__(self, weights: Path, device: str, grain: float) -> None:
        """Load them.

        Raises:
            ModelError: The file is missing, damaged or of another family.
        """
        try:
            network, _ = load_fast(weights)
        except (ValueError, RuntimeError) as error:
            raise ModelError(str(error)) from error
        self._style, self._stylize = StyleGraph(network).to(device), StylizeGraph(network).to(device)
        self._device, self._grain = device, grain
        self._codes: dict[str, list[Tensor]] = {}
        self.facts = Facts(
            version=weights_checksum(weights)[:12] + (f", grain {grain:g}" if grain else ""),
            runs_on=f"torch {device} (fp32)",
            styles=None,
            parameters=sum(parameter.numel() for parameter in network.stylizer.parameters()),
            megabytes=weights.stat().st_size / 1e6,
            strength="as the model does: features or output",
        )

    @torch.inference_mode()
    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        if painting.key not in self._codes:
            self._codes[painting.key] = list(self._style(self._batch(painting.image)))
        strength = torch.full((1, 1, 1, 1), alpha, device=self._device)
        picture = self._stylize(self._batch(grained(content, self._grain)), strength, self._codes[painting.key])
        return np.ascontiguousarray(picture[0].cpu().numpy())

    def _batch(self, image: Image) -> Tensor:
        return torch.from_numpy(image)[None].to(self._device)
