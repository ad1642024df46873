import pytest

torch = pytest.importorskip("torch")

from models.critic import Critic, Statistics, content_distance, grid_energy, style_distance  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402


@pytest.fixture(scope="module")
def critic(tmp_path_factory):
    return Critic(save_random_vgg(tmp_path_factory.mktemp("vgg") / "vgg.pth"))


def noise(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def features(seed=1, channels=6):
    return torch.randn(1, channels, 32, 32, generator=torch.Generator().manual_seed(seed)).cumsum(1)


def test_features_are_at_no_distance_from_themselves():
    one = Statistics.of(features())
    assert float(one.distance(one)) == pytest.approx(0, abs=1e-6)


def test_halved_contrast_is_seen_by_the_trace_alone():
    full = features() - features().mean((2, 3), keepdim=True)
    distance = Statistics.of(full / 2).distance(Statistics.of(full))
    # The covariance is a quarter; its direction is the same, and both means are zero.
    assert float(distance) == pytest.approx(torch.log(torch.tensor(4.0)).square().item(), rel=1e-3)


def test_turned_channels_are_seen_by_the_cosine_alone():
    full = features() - features().mean((2, 3), keepdim=True)
    turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(3)))
    turned = torch.einsum("ij,njhw->nihw", turn, full)
    one, other = Statistics.of(turned), Statistics.of(full)
    cosine = torch.nn.functional.cosine_similarity(one.covariance.flatten(), other.covariance.flatten(), dim=0)
    assert float(cosine) < 0.95
    assert float(one.distance(other)) == pytest.approx(2 * (1 - float(cosine)), abs=1e-4)


def test_a_shift_of_the_mean_counts_half_its_relative_square():
    one = features()
    mean = Statistics.of(one).mean[0]
    moved = Statistics.of(one + mean[None, :, None, None])
    assert float(moved.distance(Statistics.of(one))) == pytest.approx(0.5, rel=1e-3)


def test_statistics_do_not_depend_on_the_memory_layout():
    one = features(channels=8)
    other = Statistics.of(one.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(Statistics.of(one).covariance, other.covariance)


def test_a_painting_is_painted_like_itself_and_another_is_not(critic):
    # Whole multiples of the size that the critic looks at, so that nothing is resampled.
    painting = (noise(3, 432, 432) * 255).round().to(torch.uint8)
    wanted = critic.target(painting)
    with torch.no_grad():
        same = style_distance(critic.see(painting[None].float() / 255).statistics, [wanted])
        flat = style_distance(critic.see(0.5 + 0 * painting[None].float()).statistics, [wanted])
    assert float(same) == pytest.approx(0, abs=1e-3)  # kept in half precision
    assert float(flat) > 1


def test_pictures_not_looked_at_in_full_size_count_in_the_smaller_ones(critic):
    with torch.no_grad():
        seen = critic.see(noise(3, 3, 64, 64), at_full_size=1)
    assert len(seen.statistics[1, "relu1_1"].mean) == 1
    assert len(seen.statistics[2, "relu4_1"].mean) == len(seen.statistics[4, "relu1_1"].mean) == 3


def test_content_does_not_depend_on_contrast_but_on_shapes(critic):
    photo = noise(1, 3, 64, 64) * torch.linspace(0, 1, 64)
    with torch.no_grad():
        kept = {
            name: 100 * values for name, values in critic.see(photo).content.items()
        }  # well above what keeps from 0 / 0
    wanted = {name: 100 * values for name, values in critic.content(photo).items()}
    assert float(content_distance(kept, wanted)) == pytest.approx(0, abs=1e-5)
    scaled = {name: 3 * values + 1 for name, values in kept.items()}
    assert float(content_distance(scaled, wanted)) < 0.01
    flipped = {name: 100 * values for name, values in critic.content(photo.flip(3)).items()}
    # Borders, the same in both, are most of what a network without training sees.
    assert float(content_distance(flipped, wanted)) > 0.02


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_a_lattice_has_energy_where_noise_has_little(period):
    cell = torch.zeros(period, period)
    cell[0, 0] = 1
    lattice = (cell - cell.mean()).repeat(128 // period, 128 // period).expand(1, 3, 128, 128)
    random = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * lattice.std()
    assert float(grid_energy(lattice)) > 10 * float(grid_energy(random))


def test_gradients_reach_the_picture(critic):
    picture = noise(1, 3, 64, 64, seed=5).requires_grad_()
    wanted = critic.target((noise(3, 64, 64, seed=6) * 255).to(torch.uint8))
    seen = critic.see(picture)
    (
        style_distance(seen.statistics, [wanted]) + content_distance(seen.content, critic.content(noise(1, 3, 64, 64)))
    ).backward()
    assert picture.grad is not None
    assert float(picture.grad.abs().max()) > 0
