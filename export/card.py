"""The model card that is written next to the exported files."""

import json
from pathlib import Path
from typing import Any

from export.parity import Parity

TEMPLATE = """\
# Model card: {name}

Arbitrary style transfer for plain CPUs: `{name}.style.onnx` encodes a painting once, `{name}.stylize.onnx` restyles frames.

| | |
| --- | --- |
| family | `fast` (`models/fast.py`): AdaIN in every block, RGB statistics matched first |
| version | {version} (first digits of the training checksum) |
| licence | MIT; trained by this project |
| cost | {gmac:.2f} GMAC per 640x360 frame |
| held-out distance | {held_out} (`models/critic.py`, to a teacher `training/smaller/loss.py`; never trained on) |
| parity with PyTorch | {parity} |
| trained on | {images}: photos and public-domain paintings |
| critic | VGG-19 to relu4_1, normalized, frozen, at three sizes: covariances of its features (`models/critic.py`) |

**Interface.** `style` and `content`: (1, H, W, 3) uint8 RGB, any height and width. `alpha`: (1, 1, 1, 1) float32 in
[0, 1]; 0 gives the content back exactly. The code is one `<layer>_mean` and `<layer>_std` per modulated layer, each
(1, C, 1, 1), or (1, C, h, w) at the layer's own size to style region by region.

**Limits.** Strokes are of one size in pixels as the frame is painted; small faces and lettering are not kept. No check
is made of what a picture shows. The training record:

```json
{record}
```
"""


def write_card(path: Path, record: dict[str, Any], checksum: str, parity: Parity, macs: int) -> None:
    """Write the card; every figure comes from the training record or was just measured."""
    text = TEMPLATE.format(
        name=path.stem,
        version=checksum[:12],
        gmac=macs / 1e9,
        held_out=", ".join(f"{kind.replace('_', ' ')} {value:.3f}" for kind, value in record["held_out"].items()),
        parity=parity,
        images=record["images"],
        record=json.dumps(record, indent=2),
    )
    path.write_text(text)
