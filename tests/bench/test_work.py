import pytest
import torch
from torch import nn

from bench.work import count, of_fast, of_microast
from export.count import count_macs
from models.fast import Fast


def test_one_convolution_is_counted_by_hand():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False))
    work = count(network, lambda: network(torch.rand(1, 3, 16, 24)))
    assert work.macs == 8 * 12 * 8 * 3 * 9
    assert work.numbers == 3 * 16 * 24 + 8 * 8 * 12 + 8 * 3 * 9


def test_grouped_convolutions_count_their_own_channels_only():
    network = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8))
    assert count(network, lambda: network(torch.rand(1, 8, 10, 10))).macs == 8 * 100 * 9


def test_our_network_is_counted_as_the_export_counts_it():
    exact = count_macs(Fast().eval(), 360, 640)
    assert of_fast(640, 360).macs == pytest.approx(exact, rel=0.03)
    assert of_fast(3840, 2160).macs == pytest.approx(36 * exact, rel=0.03)


def test_work_grows_with_pixels():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    small, large = of_microast(network, 640, 360), of_microast(network, 1280, 720)
    assert large.macs == pytest.approx(4 * small.macs, rel=0.03)
