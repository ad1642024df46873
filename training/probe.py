"""What the style encoder's embedding knows of a painting: a linear probe, trained along, that is not kept.

The losses ask for VGG's statistics of the painting; to ask the embedding for them, too, teaches the encoder directly what
it otherwise has to learn through the whole stylizer. Costs no pass through VGG: the statistics are the style's targets.

Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes", arXiv:1610.01644, for
the probe; that it also trains what it looks at is deep supervision (Lee et al. 2015, arXiv:1409.5185).
"""

import torch
from torch import Tensor, nn

from models.fast import Fast
from models.fitting import Fitted
from models.losses import Stats, style_loss
from models.vgg import LAYER_WIDTHS


class StatisticsProbe(nn.Module):
    """Embedding -> VGG's means and deviations at the layers of the style loss."""

    def __init__(self, network: nn.Module) -> None:
        """Fit for a network.

        Raises:
            ValueError: It has no embedding.
        """
        super().__init__()
        if not isinstance(network, Fast | Fitted) or not network.config.embedding:
            raise ValueError("--probe-weight: wanted a network with an embedding of the style; use it with --family fast")
        self.linear = nn.Linear(network.config.embedding, 2 * sum(LAYER_WIDTHS))

    def forward(self, embedding: Tensor, wanted: Stats) -> Tensor:
        """The style loss between what the embedding says and the truth: a scalar.

        Args:
            embedding: (N, E).
            wanted: Statistics of the same N paintings.
        """
        told = self.linear(embedding.float())[:, :, None, None]
        parts = torch.split(told, list(LAYER_WIDTHS * 2), dim=1)
        half = len(LAYER_WIDTHS)
        return style_loss(Stats(parts[:half], parts[half:]), wanted).mean()
