"""Fitting a style to the scene: more looks, at what its code paints on the very picture that is to be painted.

The style encoder corrects its code by what it paints on pictures that stand for photos (`models.style_encoder`). Here it
looks at the scene itself. The code that comes out suits this scene and others less; it is made once per scene, and every
frame of it is then painted with it. The closed loop needs no VGG, no gradient, and no more than a few runs of the stylizer.

The perceptron here corrects any code of the style, of whatever origin. It is trained along with the network, which then
paints by fitted codes and by others (`python -m training --fit along`), or alone (`--fit only`): then a code that is not
fitted paints what it always did.

Source: as `models.style_encoder`. Unlike test-time training (Sun et al. 2020, arXiv:1909.13231) no weights move.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.fast import Fast, FastConfig, Stylizer
from models.layers import straight_through_clamp
from models.style_encoder import StyleEncoder, starting_at_zero

LOOKS = 2
"""How often the scene is painted and looked at, in training and by default."""
RANK = 64
"""Of the correction that the perceptron learns beside the one that the encoder's own looks make."""


class SceneFit(nn.Module):
    """What turns a look at the painted scene into a better code."""

    def __init__(self, network: Fast) -> None:
        """Begin as the encoder's last look."""
        super().__init__()
        encoder, looks = network.encoder, network.config.looks
        if looks < 2:
            raise ValueError("wanted a network whose encoder looks at what it paints, twice at least")
        self.compare = nn.Linear(3 * encoder.embedding, encoder.embedding)
        self.compare.load_state_dict(encoder.compare[looks - 1].state_dict())
        self.more = nn.Sequential(
            nn.Linear(encoder.embedding, RANK), starting_at_zero(nn.Linear(RANK, encoder.turn.out_features))
        )

    def forward(
        self, network: Fast, code: Mapping[str, Tensor], pooled: Tensor, painted: Tensor, said: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Look once.

        Args:
            network: Whose codes are fitted.
            code: The code so far.
            pooled: (N, P), the statistics of the painting, as `models.style_encoder.Seen` has them.
            painted: (N, 3, H, W) float in [0, 1], what the code paints on the scene; H and W multiples of 8.
            said: (N, E), what the look before said; zeros for the first.

        Returns:
            The better code, and (N, E): what this look said.
        """
        return self.correct(network, code, pooled, network.encoder.look(painted)[1], said)

    def correct(
        self, network: Fast, code: Mapping[str, Tensor], wanted: Tensor, got: Tensor, said: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """As `forward`, with the statistics of the painted picture, (N, P), in place of it."""
        encoder = network.encoder
        inputs = [encoder.lacking(wanted, got), encoder.embed(wanted), said]
        said = F.silu(self.compare(torch.cat(inputs, 1)))
        return encoder.corrected(code, encoder.turn(said) + self.more(said)), said

    def fit(
        self, network: Fast, code: Mapping[str, Tensor], pooled: Tensor, scene: Tensor, looks: int = LOOKS
    ) -> dict[str, Tensor]:
        """A code that suits a scene.

        Args:
            network: As in `forward`; likewise `code` and `pooled`.
            code: Any code of the style.
            pooled: Of the style.
            scene: (N, 3, H, W) float in [0, 1], H and W multiples of 8.
            looks: How many.
        """
        full = torch.ones(len(scene), 1, 1, 1, device=scene.device)
        said = pooled.new_zeros(len(pooled), self.compare.out_features)
        fitted = dict(code)
        for _ in range(looks):
            painted = straight_through_clamp(network.stylizer(scene, full, fitted))
            fitted, said = self(network, fitted, pooled, painted, said)
        return fitted


class Fitted(nn.Module):
    """A network whose codes are fitted to each content; its call is that of `Fast`.

    Attributes:
        network: It.
        fit: What fits.
        looks: How often.
    """

    family = Fast.family

    def __init__(self, network: Fast, fit: SceneFit, looks: int = LOOKS) -> None:
        super().__init__()
        self.network, self.fit, self.looks = network, fit, looks

    @property
    def config(self) -> FastConfig:
        """Of the network."""
        return self.network.config

    @property
    def stylizer(self) -> Stylizer:
        """Of the network."""
        return self.network.stylizer

    @property
    def encoder(self) -> StyleEncoder:
        """Of the network."""
        return self.network.encoder

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """Stylize each content with the style of the same index; shapes as in `Fast`."""
        code, seen = self.network.complete(style)
        painted: Tensor = self.stylizer(content, alpha, self.fitted(code, seen.pooled, content))
        return painted

    def fitted(self, code: Mapping[str, Tensor], pooled: Tensor, content: Tensor) -> dict[str, Tensor]:
        """Codes of N styles, fitted to as many contents; shapes as in `SceneFit.fit`."""
        return self.fit.fit(self.network, code, pooled, content, self.looks)
