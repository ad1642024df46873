"""The probes of embedding and looks: they can be right, they can be wrong, and they teach the encoder."""

import pytest
import torch

from models.fast import Fast, FastConfig
from models.losses import Stats
from models.style_encoder import Seen
from models.vgg import LAYER_WIDTHS
from training.probe import StatisticsProbe

SMALL = {"half": 8, "quarter": 8, "eighth": 8, "blocks": 1, "style": 16, "sixteenth": 0}


def _stats(number=2):
    rows = [torch.rand(number, width, 1, 1) for width in LAYER_WIDTHS]
    return Stats(tuple(rows), tuple(row + 1 for row in rows))


def test_a_probe_that_tells_the_truth_costs_nothing():
    probe = StatisticsProbe(Fast(FastConfig(**SMALL, embedding=12)))
    torch.nn.init.zeros_(probe.linear.weight)
    stats = _stats(1)
    with torch.no_grad():
        probe.linear.bias.copy_(torch.cat([*stats.means, *stats.stds], 1).flatten())
        embedding = torch.rand(1, 12)
        assert float(probe(embedding, stats)) == pytest.approx(0, abs=1e-10)
        assert float(probe(embedding, _stats(1))) > 0.1


def test_it_teaches_the_encoder():
    torch.manual_seed(1)
    network = Fast(FastConfig(**SMALL, embedding=12))
    probe = StatisticsProbe(network)
    styles, wanted = torch.rand(2, 3, 32, 32) * torch.tensor([0.2, 1.0]).reshape(2, 1, 1, 1), _stats()
    optimizer = torch.optim.Adam([*network.encoder.parameters(), *probe.parameters()], lr=1e-2)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = probe(network.encode(styles)[1], wanted)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    assert network.encoder.trunk[0].weight.grad.abs().max() > 0


def test_a_look_that_tells_what_is_lacking_costs_nothing():
    network = Fast(FastConfig(**SMALL, embedding=12))
    probe = StatisticsProbe(network)
    torch.nn.init.zeros_(probe.lacking.weight)
    wanted, got = _stats(1), _stats(1)
    lacking = wanted.minus(got)
    with torch.no_grad():
        probe.lacking.bias.copy_(torch.cat([*lacking.means, *lacking.stds], 1).flatten())
        seen = network.complete(torch.rand(1, 3, 32, 32))[1]
        painted = torch.rand(1, 3, 32, 32)
        assert float(probe.of_look(network.encoder, seen, painted, wanted, got)) == pytest.approx(0, abs=1e-10)
        assert float(probe.of_look(network.encoder, seen, painted, got, wanted)) > 0.1


def test_it_teaches_the_encoder_to_look_and_nothing_else():
    torch.manual_seed(1)
    network = Fast(FastConfig(**SMALL, embedding=12))
    probe = StatisticsProbe(network)
    seen = network.complete(torch.rand(2, 3, 32, 32))[1]
    # One picture is like its style, the other is not; only the second lacks something.
    painted = torch.rand(2, 3, 32, 32) * torch.tensor([1.0, 0.2]).reshape(2, 1, 1, 1)
    painted.requires_grad_()
    lacks, whole = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1), _stats()
    wanted = Stats(tuple(row * lacks for row in whole.means), tuple(row * lacks for row in whole.stds))
    got = wanted.minus(wanted)
    got.means[0].requires_grad_()
    optimizer = torch.optim.Adam([*network.encoder.parameters(), *probe.parameters()], lr=1e-2)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = probe.of_look(network.encoder, Seen(*(part.detach() for part in seen)), painted, wanted, got)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    assert network.encoder.trunk[0].weight.grad.abs().max() > 0
    assert painted.grad is None
    assert got.means[0].grad is None


def test_a_network_without_an_embedding_is_named():
    with pytest.raises(ValueError, match="--probe-weight: wanted a network with an embedding"):
        StatisticsProbe(Fast(FastConfig(**SMALL, embedding=0, looks=0)))
