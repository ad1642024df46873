"""The probe of the embedding: it can be right, it can be wrong, and it teaches the encoder."""

import pytest
import torch

from models.fast import Fast, FastConfig
from models.losses import Stats
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


def test_a_network_without_an_embedding_is_named():
    with pytest.raises(ValueError, match="--probe-weight: wanted a network with an embedding"):
        StatisticsProbe(Fast(FastConfig(**SMALL, embedding=0, looks=0)))
