"""What EmbeddedEncoder is taught of each set, and how its thresholds are chosen."""

import numpy as np
import pytest

from affectflow_transforms.models.emotions import fit
from tests.quality.encoder import finish, lesson, rows, thresholds
from tests.quality.encoder.rows import EMOTIONS, LABELS

ANNOYED, FRUSTRATED, BITTER = map(LABELS.index, ("annoyance", "frustration", "bitter"))
N = len(EMOTIONS)


def texts_of(given, chosen=False):
    """Texts of (set, text, {label: share}), all learned or all for choosing."""
    truth = np.zeros((len(given), len(LABELS)), np.float32)
    for row, (_, _, said) in enumerate(given):
        for label, share in said.items():
            truth[row, LABELS.index(label)] = share
    return rows.Texts(
        texts=[text for _, text, _ in given],
        of=np.array([of for of, _, _ in given]),
        truth=truth,
        chosen=np.full(len(given), chosen),
        units=[str(row) for row in range(len(given))],
    )


@pytest.fixture(scope="module")
def taught():
    each_label = [("goemotions", label, {label: 1.0}) for label in EMOTIONS]
    authored = [("authored", "a", {"frustration": 1.0}), ("authored", "b", {})]
    given = texts_of(
        [
            *each_label,
            *authored,
            ("comments", "said in both", {"bitter": 1.0}),
            ("comments", "only a comment", {"bitter": 1.0}),
            ("developers", "said in both", {"annoyance": 0.5}),
        ]
    )
    return lesson.lesson_of(given, np.zeros((N, N), np.float32))


def test_a_comment_that_was_labelled_is_not_told_frustrated_for_being_bitter(taught):
    both, comment, message = -3, -2, -1

    assert taught.weights[both, FRUSTRATED] == 0
    assert taught.weights[comment, FRUSTRATED] == np.float32(lesson.COMMENTS)
    assert taught.target[comment, FRUSTRATED] == 1
    assert taught.weights[message, FRUSTRATED] == 1
    assert taught.target[message, FRUSTRATED] == 0
    assert taught.weights[[both, comment], BITTER].tolist() == [1, 1]
    assert taught.weights[message, BITTER] == 0


def test_a_developers_message_keeps_its_shares_and_counts_more_than_reddit(taught):
    of_reddit, message = taught.weights[0, :N], taught.weights[-1, :N]

    assert message == pytest.approx(lesson.DEVELOPERS * of_reddit)
    assert taught.target[-1, ANNOYED] == 0.5


def test_developers_messages_are_all_read_in_each_epoch(taught):
    message, comments = len(taught.target) - 1, {len(taught.target) - n for n in (2, 3)}

    assert message not in taught.halved
    assert comments <= set(taught.halved)


def test_no_thread_is_learned_in_one_set_and_chosen_in_another():
    threads = [str(number) for number in range(100)]
    told = [
        {thread for thread in threads if rows._is_chosen(of, thread)}
        for of in ("comments", "developers")
    ]

    assert told[0] == told[1]
    assert 0 < len(told[0]) < 30


def test_without_weights_a_threshold_is_that_of_the_emotions():
    random = np.random.default_rng(3)
    scores = random.random((200, 1))
    truth = random.random((200, 1)) < scores

    found = thresholds.best(scores[:, 0], truth[:, 0], np.ones(200))

    assert found == fit.best_thresholds(scores, truth)[0]


def test_sets_count_alike_for_a_threshold_whatever_their_size():
    scores = np.array([0.9, 0.5, 0.5, *[0.6] * 50])
    truth = np.array([True, True, True, *[False] * 50])
    weights = np.array([1 / 3] * 3 + [1 / 50] * 50)

    plain = thresholds.best(scores, truth, np.ones(53))
    alike = thresholds.best(scores, truth, weights)

    assert (plain, alike) == (pytest.approx(0.75), pytest.approx(0.5))


def test_three_of_a_hundred_calm_messages_are_called_frustrated():
    calm, half = [0.0] * 100, [0.5] * 50
    given = texts_of(
        [
            ("developers", str(row), {"frustration": each})
            for row, each in enumerate([*calm, *half])
        ],
        chosen=True,
    )
    found = np.zeros((150, len(LABELS)))
    found[:100, FRUSTRATED] = np.linspace(-3, 3, 100)
    found[100:, FRUSTRATED] = 9

    from_ = finish.frustrated_from(given, found)

    assert (1 / (1 + np.exp(-found[:100, FRUSTRATED])) >= from_).sum() == 3


def test_bitterness_counts_where_it_ranks_developers_messages_better():
    sets = ("developers", "authored")
    given = texts_of(
        [
            (of, f"{of} {row}", {"frustration": row % 2})
            for of in sets
            for row in range(20)
        ],
        chosen=True,
    )
    truth = given.truth[:, FRUSTRATED]
    found = np.zeros((40, len(LABELS)))
    found[:, FRUSTRATED] = truth - 0.4 * np.arange(40) % 7
    alone = finish.combine(given, found)
    found[:, BITTER] = 4 * truth

    helped = finish.combine(given, found)

    assert alone.bitter == 0
    assert helped.bitter > 0
    assert helped.slope > 0
