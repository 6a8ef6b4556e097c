"""The network: its published size, its polynomials, and what does not matter to it."""

import numpy as np
import pytest

from affectflow_transforms.eeg.recordings import bare

pytestmark = pytest.mark.torch


@pytest.fixture
def graph():
    import torch

    from affectflow_transforms.eeg import graph

    torch.manual_seed(0)
    return graph


def test_it_has_the_published_number_of_weights(graph):
    """14 electrodes in regions of 4, 3, 3 and 4, and 5 classes: 1,181."""
    net = graph.GraphNet((4, 3, 3, 4), 5)

    assert sum(weight.numel() for weight in net.parameters()) == 1_181


def test_chebyshev_polynomials_of_two_neighbours(graph):
    """L = [[1, -1], [-1, 1]], its largest eigenvalue 2, so T1 = -[[0, 1], [1, 0]]."""
    found = graph.polynomials(graph.complete(2), 2)

    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert found[1] == pytest.approx(-swap)
    assert found[2] == pytest.approx(2 * swap @ swap - np.eye(2))


def test_each_region_of_a_ring_has_two_neighbours(graph):
    found = graph.ring(4)

    assert found.sum(axis=1).tolist() == [2, 2, 2, 2]
    assert found[0].tolist() == [0, 1, 0, 1]
    assert (found == found.T).all()


def test_order_of_electrodes_in_a_region_does_not_matter_to_passing(graph):
    """All electrodes of a region are neighbours: what passes is permuted with them."""
    import torch

    passing = graph.Passing(graph.complete(4), 2)
    signals, order = torch.randn(2, 4, 16), torch.tensor([2, 0, 3, 1])

    permuted = passing(signals[:, order])

    assert torch.allclose(permuted, passing(signals)[:, order], atol=1e-6)


def test_a_fused_signal_is_a_mean_by_weights_that_sum_to_one(graph):
    import torch

    fusing = graph.Fusing(3)
    same = torch.randn(2, 1, 16).expand(2, 3, 16)

    assert torch.allclose(fusing(same), same[:, :1], atol=1e-6)


def test_a_batch_is_the_same_as_its_windows_alone(graph):
    import torch

    net = graph.GraphNet((4, 3, 3, 4), 5).eval()
    windows = torch.randn(7, 14, 128)

    alone = torch.cat([net(window[None]) for window in windows])

    assert torch.allclose(net(windows), alone, atol=1e-5)


def test_names_of_electrodes_are_read_without_what_recorders_add():
    names = ["EEG Fp1-REF", "F3..", "af3", "EEG O2-LE", "Cz"]

    assert [bare(name) for name in names] == ["FP1", "F3", "AF3", "O2", "CZ"]
