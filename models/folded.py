"""`fast`'s stylizer as it is exported: the same function of the same weights, in fewer operations.

1.  *A convolution after nearest upsampling is a transposed one of stride 2.* Each output pixel sees 2x2 source pixels, of
    which some count twice; with the weights of equal pixels added, a 4x4 kernel gives the same numbers with 4/9 of the
    multiplications, 2.90 instead of 3.58 GMAC per 640x360 frame. Replication commutes with upsampling, so borders agree
    too. (Four 2x2 convolutions and a shuffle are the same again, but runtimes then move every pixel three times more.)
2.  *One gain and one shift per channel* for the RGB match and its alpha; range scaling goes into the first kernel.
3.  *A frame's statistics over one axis*: runtimes sum over a flattened frame several times faster than over two axes.
4.  *The blurred photo under the strokes* is a convolution with the weights of the enlargement, and is added to the strokes
    at half size: each pixel is moved once.
5.  *AdaIN as instance normalisation, then a scale*: an operation that runtimes have as one fused pass.

Equal to `models.fast.Stylizer` up to float32 rounding, which tests and the export's parity check hold.

Source: Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?", arXiv:1609.07009.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import fast
from models.adain import StyleCode
from models.layers import conv


class FoldedUpConv(nn.Module):
    """Nearest upsampling to twice the size and a 3x3 convolution with replicated border, as a transposed convolution."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = conv.weight.detach()
        assert conv.bias is not None
        assert weight.shape[2:] == (3, 3)
        # Stride 2, and one more row and column on each side than needed: cut off again by the padding.
        self.conv = nn.ConvTranspose2d(weight.shape[1], weight.shape[0], 4, stride=2, padding=3)
        self.conv.weight = nn.Parameter(_spread(_spread(weight, 2), 3).transpose(0, 1), requires_grad=False)
        self.conv.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, outputs, 2 H, 2 W)."""
        large: Tensor = self.conv(F.pad(features, (1, 1, 1, 1), mode="replicate"))
        return large


class FoldedBlur(nn.Module):
    """models.fast.blurred, from and to images whose 2x2 pixels are the channels of one: convolutions are faster at that."""

    def __init__(self) -> None:
        super().__init__()
        ours = torch.eye(3)
        self.mean = _fixed(nn.Conv2d(12, 3, 2, stride=2, bias=False), ours.repeat_interleave(4, 1)[..., None, None] / 16)
        # Enlarging by four along one axis: what each of four pixels takes of the mean before, at and behind it.
        shares = torch.tensor([[3, 5, 0], [1, 7, 0], [0, 7, 1], [0, 5, 3]]) / 8
        # Row and column of the pixel, each as which of two pairs and which of the pair; row and column of the mean.
        both = torch.einsum("iy,jx->ijyx", shares, shares).reshape(2, 2, 2, 2, 3, 3)
        one = both.permute(1, 3, 0, 2, 4, 5).reshape(16, 3, 3)
        enlarge = nn.Conv2d(3, 48, 3, padding=1, padding_mode="replicate", bias=False)
        self.enlarge = _fixed(enlarge, torch.einsum("ab,cyx->acbyx", ours, one).reshape(48, 3, 3, 3))

    def forward(self, unshuffled: Tensor) -> Tensor:
        """(N, 12, H, W), H and W even -> the same."""
        return F.pixel_shuffle(self.enlarge(self.mean(unshuffled)), 2)


def _fixed(convolution: nn.Conv2d, weight: Tensor) -> nn.Conv2d:
    """With these weights, which broadcast to its own."""
    convolution.weight = nn.Parameter(weight.expand_as(convolution.weight).clone(), requires_grad=False)
    return convolution


def _spread(weight: Tensor, axis: int) -> Tensor:
    """Three taps at twice the size -> what one source pixel adds to the four places around it, along one axis.

    Each pixel appears twice after upsampling, so a tap reaches two places: taps 0 1 2 become 2, 1 + 2, 0 + 1, 0.
    """
    before, middle, after = weight.unbind(axis)
    return torch.stack([after, middle + after, before + middle, before], axis)


def _modulate(features: Tensor, code: StyleCode, layer: str) -> Tensor:
    """As models.fast.modulate."""
    # Not of torch.nn.functional, which refuses features of one pixel.
    normalised = torch.instance_norm(features.float(), None, None, None, None, True, 0, fast.FEATURE_EPS, False)
    return (normalised * code[f"{layer}_std"] + code[f"{layer}_mean"]).to(features.dtype)


def _flat_stats(content: Tensor) -> tuple[Tensor, Tensor]:
    """models.adain.channel_stats of an image with its pixels in a row: (N, 3, H W) -> (N, 3, 1) each."""
    mean = content.mean(2, keepdim=True)
    variance = (content - mean).square().mean(2, keepdim=True)
    return mean, (variance + fast.RGB_EPS).sqrt()


class FoldedStylizer(nn.Module):
    """Takes and gives what models.fast.Stylizer does."""

    def __init__(self, stylizer: fast.Stylizer) -> None:
        super().__init__()
        self.stylizer = stylizer
        half_in, bias = stylizer.half_in, stylizer.half_in.bias
        assert bias is not None
        self.half_in = conv(half_in.in_channels, half_in.out_channels)
        # x * 4 - 2 in front of a convolution: its border is replicated, so the shift is the same everywhere.
        self.half_in.weight = nn.Parameter(half_in.weight.detach() * 4, requires_grad=False)
        self.half_in.bias = nn.Parameter(bias.detach() - 2 * half_in.weight.detach().sum((1, 2, 3)), requires_grad=False)
        self.deep_up = None if stylizer.deep is None else FoldedUpConv(stylizer.deep.up)
        self.quarter_out = FoldedUpConv(stylizer.quarter_out)
        self.half_out = FoldedUpConv(stylizer.half_out)
        self.blurred = FoldedBlur()

    def forward(self, content: Tensor, alpha: Tensor, code: StyleCode) -> Tensor:
        """(N, 3, H, W) float in [0, 1] -> the same, as models.fast.Stylizer."""
        layers = self.stylizer
        height, width = content.shape[2:]
        mean, std = (one[..., None] for one in _flat_stats(content.flatten(2)))
        gain = (code["rgb_std"] / std).clamp(max=fast.RGB_MAX_GAIN)
        matched = content * (1 + alpha * (gain - 1)) + alpha * (code["rgb_mean"] - gain * mean)
        fill = (0, -width % fast.SIZE_MULTIPLE, 0, -height % fast.SIZE_MULTIPLE)
        unshuffled = F.pixel_unshuffle(F.pad(matched, fill, mode="replicate"), 2)
        half = F.relu(self.half_in(unshuffled.to(self.half_in.weight.dtype)))
        quarter = F.relu(layers.quarter_in(half))
        features = F.relu(_modulate(layers.eighth_in(quarter), code, "entry"))
        for index, block in enumerate(layers.blocks):
            if index == len(layers.blocks) // 2:
                features = self._deepened(features, code)
            features = _block(block, features, code, f"block{index}")
        features = F.relu(_modulate(self.quarter_out(features), code, "quarter") + quarter)
        features = F.relu(_modulate(self.half_out(features), code, "half") + half)
        painted = F.pixel_shuffle(self.blurred(unshuffled) + layers.residual(features).to(matched.dtype), 2)
        return matched + alpha * fast.presence(std) * (painted[:, :, :height, :width] - matched)

    def _deepened(self, features: Tensor, code: StyleCode) -> Tensor:
        """As models.fast.DeepStage; without one, the features themselves."""
        stage = self.stylizer.deep
        if stage is None or self.deep_up is None:
            return features
        deep = F.relu(_modulate(stage.down(features), code, "deep_entry"))
        for index, block in enumerate(stage.blocks):
            deep = _block(block, deep, code, f"deep{index}")
        height, width = features.shape[2:]
        added: Tensor = self.deep_up(deep)[:, :, :height, :width]
        return features + added


def _block(block: nn.Module, features: Tensor, code: StyleCode, name: str) -> Tensor:
    """As models.fast.ResidualBlock."""
    assert isinstance(block, fast.ResidualBlock)
    inner = F.relu(_modulate(block.inner(features), code, f"{name}_inner"))
    return features + _modulate(block.outer(inner), code, f"{name}_outer")


def folded(stylizer: nn.Module) -> nn.Module:
    """The form to export: folded where there is one, else the module itself."""
    return FoldedStylizer(stylizer) if isinstance(stylizer, fast.Stylizer) else stylizer
