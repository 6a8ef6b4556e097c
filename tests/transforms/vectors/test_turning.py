"""Vectors moved along a direction and turned by a key; linkage, by hand."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from affectflow_transforms.vectors.directions import Directions
from affectflow_transforms.vectors.linkage import equal_error_rate, linked
from affectflow_transforms.vectors.turning import moved, scaled, turned, turned_back

WIDTH = 192
KEY = b"a key of sixteen"
RNG = np.random.default_rng(11)
X = scaled(RNG.normal(size=(60, WIDTH)))


def test_vectors_are_as_long_as_the_root_of_their_width():
    assert np.linalg.norm(X, axis=1) == pytest.approx(np.sqrt(192))


@pytest.mark.parametrize("distance", [30.0, 40.0, -30.0, -40.0])
def test_a_moved_vector_has_its_distance_and_keeps_the_rest(distance):
    normal = RNG.normal(size=WIDTH)
    normal /= np.linalg.norm(normal)

    found = moved(X, normal, distance)

    assert found @ normal == pytest.approx(distance, abs=1e-5)
    rest = np.eye(WIDTH) - np.outer(normal, normal)
    assert found @ rest == pytest.approx(X @ rest)
    assert moved(found, normal, distance) == pytest.approx(found)


def test_a_move_by_hand():
    found = moved(np.array([[1.0, 2.0]]), np.array([0.6, 0.8]), 5.0)

    # n x = 2.2, so the move is 2.8 along (.6, .8).
    assert found.tolist() == [pytest.approx([2.68, 4.24])]


def test_a_turn_keeps_lengths_and_distances_and_nothing_of_the_direction():
    found = turned(X, KEY, "ann")

    assert np.linalg.norm(found, axis=1) == pytest.approx(np.linalg.norm(X, axis=1))
    assert found @ found.T == pytest.approx(X @ X.T)
    cosines = np.einsum("ij,ij->i", found, X) / WIDTH
    assert np.abs(cosines).max() < 0.5


def test_turns_are_as_likely_one_as_another():
    one = np.eye(8)[:1] * np.sqrt(8)
    found = np.concatenate([turned(one, KEY, str(n)) for n in range(2000)])

    # Coordinates of a vector that points anywhere: mean 0, variance 1, none alike.
    assert np.abs(found.mean(axis=0)).max() < 0.1
    assert np.abs(np.cov(found.T) - np.eye(8)).max() < 0.12


def test_a_turn_is_that_of_its_key_and_speaker_and_can_be_undone():
    found = turned(X, KEY, "ann")

    assert turned(X, KEY, "ann").tolist() == found.tolist()
    assert np.abs(turned(X, KEY, "bob") - found).max() > 1
    assert np.abs(turned(X, KEY[::-1], "ann") - found).max() > 1
    assert turned_back(found, KEY, "ann") == pytest.approx(X)
    assert np.abs(turned_back(found, KEY[::-1], "ann") - X).max() > 1


GOLDEN = [-0.214515, -0.777137, 0.591643]


def test_a_turn_is_the_same_on_every_machine():
    assert turned(np.eye(3), b"k" * 32, "ann")[0] == pytest.approx(GOLDEN, abs=1e-6)


def blobs(seed: int, n: int = 200):
    """Returns vectors of two emotions, apart along one of 192 directions."""
    rng = np.random.default_rng(seed)
    labels = np.array(["angry", "sad"] * (n // 2))
    vectors = rng.normal(size=(n, WIDTH))
    vectors[:, 7] += np.where(labels == "angry", 6.0, -6.0)
    # Each speaker has both emotions.
    return scaled(vectors), labels, np.array([f"s{k // 2 % 50}" for k in range(n)])


def hidden(vectors, whose):
    """Returns the vectors of speakers, each turned in a way of their own."""
    found = np.empty_like(vectors)
    for each in np.unique(whose):
        found[whose == each] = turned(vectors[whose == each], KEY, str(each))
    return found


def test_the_emotion_is_lost_by_turning_and_comes_back_by_moving():
    vectors, labels, _ = blobs(5)
    known = Directions.fit(vectors, labels.tolist())
    judge = LinearSVC(dual="auto").fit(vectors, labels)
    new, truth, whose = blobs(6)

    lost = hidden(new, whose)
    found = known.restored(lost, new)

    assert judge.score(new, truth) > 0.95
    assert 0.3 < judge.score(lost, truth) < 0.7
    assert judge.score(found, truth) > 0.95


@pytest.mark.parametrize(
    ("same", "different", "rate"),
    [
        pytest.param([0.9, 0.8], [0.2, 0.1], 0.0, id="apart"),
        pytest.param([0.1, 0.2], [0.8, 0.9], 1.0, id="the wrong way round"),
        pytest.param([0.9, 0.4], [0.6, 0.1], 0.5, id="one of two"),
        pytest.param([0.5, 0.5], [0.5, 0.5], 0.5, id="all the same"),
        pytest.param([4, 3, 2, 0], [1, -1, -2, -3], 0.25, id="one of four"),
    ],
)
def test_equal_error_rates_by_hand(same, different, rate):
    found = equal_error_rate(np.array(same, float), np.array(different, float))

    assert found == pytest.approx(rate)


def test_who_has_no_key_is_at_chance_and_turned_vectors_link_with_one_another():
    rng = np.random.default_rng(2)
    voices = rng.normal(size=(60, WIDTH))
    whose = np.repeat(np.arange(60), 4).astype(str)
    said = scaled(voices[whose.astype(int)] + rng.normal(size=(240, WIDTH)))
    first = np.arange(240) % 2 == 0
    turns = hidden(said, whose)

    def attack(known, found):
        return linked(known[first], whose[first], found[~first], whose[~first])

    assert attack(said, said) < 0.05
    assert 0.4 < attack(said, turns) < 0.6
    assert attack(turns, turns) < 0.05
