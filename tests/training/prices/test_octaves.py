import pytest

torch = pytest.importorskip("torch")

from training.prices.octaves import DEVIATION, octave_noise  # noqa: E402


def test_noise_has_its_deviation_and_is_smooth():
    noise = octave_noise(torch.Size((2, 3, 256, 256)), torch.Generator().manual_seed(0))
    assert noise.shape == (2, 3, 256, 256)
    assert float(noise.std()) == pytest.approx(DEVIATION, rel=0.2)
    # The finest octave is 8 pixels long: neighbours hardly differ.
    assert float((noise[..., 1:] - noise[..., :-1]).std()) < 0.35 * DEVIATION


def test_the_same_generator_draws_the_same_noise():
    first, second = (octave_noise(torch.Size((1, 3, 70, 90)), torch.Generator().manual_seed(4)) for _ in range(2))
    torch.testing.assert_close(first, second)
