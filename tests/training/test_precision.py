"""Training runs in what the machine multiplies."""

import pytest

torch = pytest.importorskip("torch")

from training import precision  # noqa: E402
from training.decoder import options  # noqa: E402
from training.per_style import options as per_style_options  # noqa: E402

WORDS = ["--contents", "a", "--styles", "b", "--vgg", "c"]


@pytest.fixture(params=["avx512", "amx", "neither"])
def processor(request, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: request.param == "avx512")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: request.param == "amx")
    return request.param


def test_the_faster_precision_of_a_processor(processor):
    wanted = "float32" if processor == "neither" else "bfloat16"
    assert precision.usual_precision("cpu") == wanted
    assert precision.usual_precision("cuda") == "bfloat16"
    assert options.parse([*WORDS, "--steps", "1", "--device", "cpu"]).precision == wanted
    per_style = [*WORDS, "--run", "r", "--steps", "1", "--device", "cpu"]
    assert per_style_options.parse(per_style)[0].precision == wanted


@pytest.mark.usefixtures("processor")
def test_who_asks_for_a_precision_gets_it():
    for name in precision.PRECISIONS:
        assert options.parse([*WORDS, "--steps", "1", "--precision", name]).precision == name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_networks_run_in_it(dtype):
    with precision.autocast("cpu", dtype):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
