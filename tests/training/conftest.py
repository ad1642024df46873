import tarfile

import cv2
import numpy as np
import pytest


def paint(rng, grain):
    y, x = np.mgrid[0:72, 0:96].astype(np.float32)
    wave = np.stack([np.sin(x * f + y * g) for f, g in rng.uniform(-0.5, 0.5, (3, 2))], axis=2)
    return (120 + 70 * wave + rng.normal(0, grain, wave.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Sixty pictures in a folder, as many in a tar, and a judge with weights that training has not seen."""
    folder = tmp_path_factory.mktemp("material")
    rng = np.random.default_rng(0)
    for kind, grain in (("photo", 2), ("paint", 25)):
        (folder / kind).mkdir()
        for index in range(60):
            cv2.imwrite(str(folder / kind / f"{kind}{index:03}.png"), paint(rng, grain))
    (folder / "paint" / "notes.txt").write_text("not a picture")
    with tarfile.open(folder / "paint.tar", "w") as tar:
        tar.add(folder / "paint", arcname="paint")
    torch = pytest.importorskip("torch")
    from models.vgg import Vgg19
    from tests.vgg import encoder_state

    torch.manual_seed(0)
    state = encoder_state(Vgg19())
    torch.save(
        {name: tensor * 2 if tensor.shape[2:] == (3, 3) else tensor for name, tensor in state.items()}, folder / "vgg.pth"
    )
    return folder
