"""Two runs that share weights through their folders."""

import pytest
import torch
from torch import nn

from training.partner import Partner


def _linear(value):
    layer = nn.Linear(2, 2)
    for parameter in layer.parameters():
        nn.init.constant_(parameter, value)
    return layer


def _pair(folder):
    folders = [folder / "a", folder / "b"]
    for one in folders:
        one.mkdir()
    return Partner(*folders), Partner(*reversed(folders))


def test_both_move_towards_each_other(tmp_path):
    first, second = _pair(tmp_path)
    a, b = _linear(0.0), _linear(1.0)
    assert not first.exchange(a)  # nobody there yet: it goes on alone
    assert torch.equal(a.weight, torch.zeros(2, 2))
    assert second.exchange(b)
    assert torch.equal(b.weight, torch.full((2, 2), 0.5))
    assert first.exchange(a)
    assert torch.equal(a.bias, torch.full((2,), 0.25))


def test_old_news_is_not_read_twice(tmp_path):
    first, second = _pair(tmp_path)
    a, b = _linear(0.0), _linear(1.0)
    second.exchange(b)
    assert first.exchange(a)
    assert not first.exchange(a)  # the partner has stopped
    assert torch.equal(a.weight, torch.full((2, 2), 0.5))


def test_a_damaged_file_stops_nobody(tmp_path):
    first, _ = _pair(tmp_path)
    (tmp_path / "b" / "shared.safetensors").write_bytes(b"half a fi")
    assert not first.exchange(_linear(0.0))


def test_a_partner_with_another_network_is_named(tmp_path):
    first, second = _pair(tmp_path)
    second.exchange(nn.Conv2d(1, 1, 1))
    with pytest.raises(ValueError, match="trains another network"):
        first.exchange(_linear(0.0))
