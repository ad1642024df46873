import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from evaluation.measures import effectiveness  # noqa: E402
from evaluation.measures.effectiveness import (  # noqa: E402
    FLOOR,
    Basis,
    Moments,
    Projections,
    effect,
    in_basis,
    kl_gaussian,
    kl_normal,
    moments,
    projected,
    projected_by_layer,
)

LAYERS = {"conv1_1": 6, "conv2_1": 9}


def features(seed, shift=0.0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    tensors = {layer: torch.randn(1, width, 20, 24, generator=generator) for layer, width in LAYERS.items()}
    return {layer: moments(tensor * scale + shift) for layer, tensor in tensors.items()}


def test_the_divergence_of_two_known_normals():
    """KL(N(1, 4) || N(0, 1)) = (log 1/4 + 4 + 1 - 1) / 2."""
    got = kl_normal(*(np.array([value]) for value in (1.0, 4.0, 0.0, 1.0)))
    assert got[0] == pytest.approx((math.log(1 / 4) + 4) / 2)
    assert kl_normal(*(np.array([value]) for value in (3.0, 2.0, 3.0, 2.0)))[0] == 0


def test_the_divergence_of_gaussians_is_that_of_torch():
    rng = np.random.default_rng(0)
    first, second = (Moments(rng.normal(size=5), matrix @ matrix.T + np.eye(5)) for matrix in rng.normal(size=(2, 5, 5)))
    wanted = torch.distributions.kl_divergence(
        *(
            torch.distributions.MultivariateNormal(torch.from_numpy(each.mean), torch.from_numpy(each.covariance))
            for each in (first, second)
        )
    )
    assert kl_gaussian(first, second) == pytest.approx(float(wanted), rel=1e-9)
    assert kl_gaussian(first, first) == pytest.approx(0, abs=1e-12)


def test_in_one_dimension_both_divergences_are_the_same():
    first, second = Moments(np.array([1.0]), np.array([[4.0]])), Moments(np.array([-1.0]), np.array([[2.0]]))
    line = kl_normal(first.mean, first.covariance[0], second.mean, second.covariance[0])
    assert kl_gaussian(first, second) == pytest.approx(line[0])


def test_moments_are_population_moments_over_space():
    tensor = torch.tensor([[[[1.0, 3.0]], [[2.0, 2.0]]]])
    got = moments(tensor)
    assert got.mean.tolist() == [2, 2]
    assert got.covariance.tolist() == [[1, 0], [0, 0]]


def test_projected_moments_are_those_of_the_projected_features():
    """The shortcut by mean and covariance against projecting every position."""
    tensor = torch.randn(1, 6, 10, 12, generator=torch.Generator().manual_seed(1))
    projections = Projections({"conv1_1": 6}, draws=5, seed=3)
    mean, variance = projections.of({"conv1_1": moments(tensor)})["conv1_1"]
    vectors = projections._vectors["conv1_1"]
    values = vectors @ tensor[0].flatten(1).double().numpy()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5))
    assert mean == pytest.approx(values.mean(axis=1))
    assert variance == pytest.approx(values.var(axis=1))


def test_the_normal_of_all_layers_is_that_of_their_projections_together():
    """Layers of equal size pooled by hand."""
    generator = torch.Generator().manual_seed(2)
    tensors = {layer: torch.randn(1, 4, 8, 8, generator=generator) + place for place, layer in enumerate(LAYERS)}
    projections = Projections(dict.fromkeys(LAYERS, 4), draws=3)
    of = projections.of({layer: moments(tensor) for layer, tensor in tensors.items()})
    pooled = np.concatenate(
        [projections._vectors[layer] @ tensor[0].flatten(1).double().numpy() for layer, tensor in tensors.items()], axis=1
    )
    mean, variance = effectiveness._together(of)
    assert mean == pytest.approx(pooled.mean(axis=1))
    assert variance == pytest.approx(pooled.var(axis=1))


def test_e_of_one_layer_and_one_draw_is_minus_the_log_of_the_divergence():
    projections = Projections({"conv1_1": 6}, draws=1)
    result, painting = ({"conv1_1": features(seed, shift)["conv1_1"]} for seed, shift in ((0, 0.5), (1, 0.0)))
    (mean1, variance1), (mean2, variance2) = (projections.of(each)["conv1_1"] for each in (result, painting))
    wanted = -math.log(float(kl_normal(mean1, variance1, mean2, variance2)[0]))
    got = projected(projections.of(result), projections.of(painting))
    assert got == pytest.approx(wanted, rel=1e-6)


def test_a_painting_has_the_largest_e_with_itself():
    projections = Projections(LAYERS)
    basis = Basis.of([features(seed) for seed in range(5, 9)])
    painting = features(0)
    others = [features(1), features(0, shift=0.3), features(0, scale=1.2)]
    for measure in (
        lambda each: projected(projections.of(each), projections.of(painting)),
        lambda each: np.mean(list(projected_by_layer(projections.of(each), projections.of(painting)).values())),
        lambda each: np.mean(list(in_basis(basis.within(each), basis.within(painting)).values())),
    ):
        own = measure(painting)
        assert own == pytest.approx(-math.log(FLOOR))
        assert all(measure(other) < own - 5 for other in others)


def test_e_falls_as_the_features_move_away():
    projections = Projections(LAYERS)
    values = [projected(projections.of(features(0, shift)), projections.of(features(0))) for shift in (0.05, 0.2, 0.8)]
    assert values == sorted(values, reverse=True)


def test_no_divergence_is_a_finite_effect():
    assert effect(0.0) == effect(-1e-17) == -math.log(FLOOR)
    assert effect(math.e) == pytest.approx(-1)


def test_draws_depend_on_the_seed_and_not_on_the_other_layers():
    alone, both = Projections({"conv2_1": 9}, seed=4), Projections(LAYERS, seed=4)
    assert np.array_equal(alone._vectors["conv2_1"], both._vectors["conv2_1"])
    assert not np.array_equal(alone._vectors["conv2_1"], Projections(LAYERS, seed=5)._vectors["conv2_1"])


def test_the_basis_is_of_the_directions_of_most_variance():
    """Features along one direction: the basis has that one only, and nothing else is compared."""
    direction = np.array([0.6, 0.8, 0.0])
    photo = {"conv1_1": Moments(np.zeros(3), 4 * np.outer(direction, direction))}
    basis = Basis.of([photo])
    assert basis.vectors["conv1_1"].shape == (3, 1)
    assert np.abs(basis.vectors["conv1_1"][:, 0]) == pytest.approx(direction)
    inside = basis.within(photo)["conv1_1"]
    assert inside.covariance[0, 0] == pytest.approx(4, rel=2e-3)


def test_the_published_sizes_of_the_basis():
    assert effectiveness.BASIS_SIZES == {
        "conv1_1": 32, "conv2_1": 48, "conv3_1": 128, "conv4_1": 256, "conv5_1": 256
    }  # fmt: skip
    wide = {"conv2_1": Moments(np.zeros(100), np.diag(np.linspace(2, 1, 100)))}
    assert Basis.of([wide]).vectors["conv2_1"].shape == (100, 48)


def test_the_basis_comes_back_from_disk(tmp_path):
    basis = Basis.of([features(seed) for seed in range(3)])
    path = tmp_path / "basis.npz"
    assert Basis.load(path) is None
    basis.save(path)
    again = Basis.load(path)
    assert again.pictures == 3
    assert all(np.array_equal(again.vectors[layer], basis.vectors[layer]) for layer in LAYERS)
    path.write_bytes(b"PK damaged")
    assert Basis.load(path) is None


def test_a_basis_of_nothing_is_refused():
    with pytest.raises(ValueError, match="got none"):
        Basis.of([])
