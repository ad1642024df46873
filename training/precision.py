"""Which numbers to train in: bfloat16 where the processor multiplies it, float32 where that would be emulated."""

import torch

PRECISIONS = ("bfloat16", "float32")


def usual_precision(device: str) -> str:
    """The faster one of PRECISIONS on a device ("cpu", "cuda"); emulated, bfloat16 takes many times as long."""
    has_bfloat16 = device != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if has_bfloat16 else "float32"


def autocast(device: str, precision: torch.dtype) -> torch.autocast:
    """The context in which networks run in that precision; the weights stay float32."""
    return torch.autocast(device, precision, enabled=precision != torch.float32)
