import pytest

torch = pytest.importorskip("torch")

from models.critic import Critic  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402
from training.painted.loss import PRICES, Loss  # noqa: E402


class Brighter(torch.nn.Module):
    """What paints by adding light: everything about the result is known."""

    def __init__(self, more=0.0):
        super().__init__()
        self.more = torch.nn.Parameter(torch.tensor(more))

    def forward(self, content, _alpha, _code):
        return content + self.more


@pytest.fixture(scope="module")
def critic(tmp_path_factory):
    return Critic(save_random_vgg(tmp_path_factory.mktemp("vgg") / "vgg.pth"))


@pytest.fixture
def photos():
    """Bright in one half and dark in the other."""
    noise = 0.1 * torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    noise[..., 32:] += 0.85
    return noise


def parts_of(critic, photos, more, monkeypatch):
    """What the loss says, with nothing laid over the photos, of paintings that are the photos themselves."""
    monkeypatch.setattr(Loss, "_something_to_paint_from", lambda _self, taken, _step: taken)
    monkeypatch.setattr(Loss, "_prices", lambda *_: {})
    with torch.no_grad():
        wanted = [
            {key: type(one)(one.mean[i : i + 1], one.covariance[i : i + 1]) for key, one in seen.items()}
            for seen in [critic.see(photos).statistics]
            for i in range(len(photos))
        ]
    loss = Loss(critic, Brighter(more), torch.float32, torch.Generator().manual_seed(0))
    total, parts = loss.of(photos, {}, wanted, step=0)
    assert float(total.detach()) == pytest.approx(sum(PRICES[name] * value for name, value in parts.items()), rel=1e-5)
    return parts


def test_what_is_painted_already_and_left_as_it_is_costs_nothing(critic, photos, monkeypatch):
    parts = parts_of(critic, photos, 0.0, monkeypatch)
    assert parts == pytest.approx(dict.fromkeys(("style", "content", "range", "grid"), 0.0), abs=1e-5)


def test_light_beyond_white_costs_its_mean_square_and_is_no_grid(critic, photos, monkeypatch):
    parts = parts_of(critic, photos, 0.2, monkeypatch)
    beyond = (photos + 0.2 - 1).clamp_min(0).square().mean()
    assert parts["range"] == pytest.approx(float(beyond), rel=1e-4)
    assert parts["range"] > 0.001
    assert parts["grid"] == pytest.approx(0, abs=1e-9)
    assert parts["style"] > 1e-4
