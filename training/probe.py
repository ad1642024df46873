"""What the style encoder knows: linear probes, trained along, that are not kept.

The losses ask for VGG's statistics of the painting; to ask the embedding for them, too, teaches the encoder directly what
it otherwise has to learn through the whole stylizer. A look at what was painted is asked for what VGG finds lacking there,
likewise: it corrects only what it sees. Neither costs a pass through VGG: the statistics are those of the losses.

Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes", arXiv:1610.01644, for
the probe; that it also trains what it looks at is deep supervision (Lee et al. 2015, arXiv:1409.5185).
"""

import torch
from torch import Tensor, nn

from models.fast import Fast
from models.losses import Stats, style_loss
from models.style_encoder import Seen, StyleEncoder
from models.vgg import LAYER_WIDTHS


class StatisticsProbe(nn.Module):
    """VGG's statistics at the layers of the style loss from the embedding, and what is lacking of them from a look."""

    def __init__(self, network: nn.Module) -> None:
        """Fit for a network.

        Raises:
            ValueError: It has no embedding.
        """
        super().__init__()
        if not isinstance(network, Fast) or not network.config.embedding:
            raise ValueError("--probe-weight: wanted a network with an embedding of the style; use it with --family fast")
        self.linear = nn.Linear(network.config.embedding, 2 * sum(LAYER_WIDTHS))
        self.lacking = nn.Linear(network.config.embedding, 2 * sum(LAYER_WIDTHS))

    def forward(self, embedding: Tensor, wanted: Stats) -> Tensor:
        """The style loss between what the embedding says and the truth: a scalar.

        Args:
            embedding: (N, E).
            wanted: Statistics of the same N paintings.
        """
        return style_loss(_stats(self.linear(embedding.float())), wanted).mean()

    def of_look(self, encoder: StyleEncoder, seen: Seen, painted: Tensor, wanted: Stats, got: Stats) -> Tensor:
        """Likewise between what a look says is lacking and what VGG finds to be lacking: a scalar.

        Args:
            encoder: Who looks, and learns by it; what was painted does not.
            seen: What it saw of N paintings.
            painted: (N, 3, H, W) float, what was painted in their styles; H and W multiples of 8.
            wanted: As for `forward`.
            got: Statistics of `painted`.
        """
        told = encoder.lacking(seen.pooled, encoder.look(painted.detach().clamp(0, 1))[1])
        with torch.no_grad():
            lacking = wanted.minus(got)
        return style_loss(_stats(self.lacking(told.float())), lacking).mean()


def _stats(told: Tensor) -> Stats:
    """(N, 2 C) -> statistics."""
    parts = torch.split(told[:, :, None, None], list(LAYER_WIDTHS * 2), dim=1)
    half = len(LAYER_WIDTHS)
    return Stats(parts[:half], parts[half:])
