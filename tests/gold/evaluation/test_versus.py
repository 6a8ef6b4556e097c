"""Two annotators side by side: in the vocabulary both fold to, and on a scale."""

import pytest

from affectflow.errors import UsageError
from affectflow.gold.evaluation.versus import Fold, Scale, compare_in
from affectflow.lake import views
from tests.given.view_lakes import FolderLake, label, utterance

FINE, COARSE = "fine@1", "coarse@1"


def fine(name, word, score=0.5):
    return label(name, word, annotator_id=FINE, score=score)


def coarse(name, chosen, score=0.5):
    more = {"annotator_id": COARSE, "vocabulary": "irritation", "task": "irritation"}
    return label(name, "irritation", chosen=chosen, score=score, **more)


def value(who, name, number, word="valence"):
    more = {"task": word, "vocabulary": "vad", "value": number, "score": None}
    return label(name, word, annotator_id=who, **more)


def compared(tmp_path, *annotations, a=FINE, b=COARSE):
    spoken = [utterance("s:1"), utterance("s:2"), utterance("s:4")]
    spoken.append(utterance("s:3", text="a secret", visibility="private"))
    lake = FolderLake(tmp_path).write(utterances=spoken, annotations=annotations)
    return compare_in(views.connect(lake, views=False), a, b)


def test_labels_are_compared_in_the_vocabulary_that_both_fold_to(tmp_path):
    found = compared(
        tmp_path,
        fine("s:1", "annoyance"),
        coarse("s:1", True),
        fine("s:2", "anger", 0.6),
        coarse("s:2", False),
        fine("s:3", "joy", 0.9),
        coarse("s:3", True, 0.8),
        fine("s:4", "joy"),
        coarse("s:4", False),
        value(FINE, "s:4", 0.3),
    )

    ((fold, labels),) = found.labels
    assert fold == Fold("goemotions", "irritation", "irritation", ("irritation",))
    assert (labels.n, labels.same, labels.agreement) == (4, 2, 0.5)
    # Both chose it of half: they agree as often as chance does, 0.5.
    (only,) = labels.labels
    assert (only.both, only.only_a, only.only_b, only.kappa) == (1, 1, 1, 0.0)
    assert found.scales == []
    # Of 3 both are surer, at least 0.8, than of 2; it is private, and not quoted.
    assert [tuple(each) for each in found.differing] == [
        ("irritation", "", "irritation", "s:3", None),
        ("irritation", "irritation", "", "s:2", "too slow, sorry"),
    ]


def test_a_vocabulary_that_both_speak_is_not_folded(tmp_path):
    found = compared(
        tmp_path,
        fine("s:1", "anger"),
        label("s:1", "annoyance", annotator_id=COARSE),
    )

    ((fold, labels),) = found.labels
    assert fold.common == "goemotions"
    assert labels.agreement == 0
    assert [tuple(move[1:4]) for move in labels.moves] == [("anger", "annoyance", 1)]


def test_values_are_compared_as_values_and_not_as_the_same_label(tmp_path):
    # a: 1, 2, 3, b: 2, 3, 4: r is 1; the means are 1 apart, the variances 2/3, the
    # covariance 2/3; CCC 2 * 2/3 / (2/3 + 2/3 + 1) = 4/7.
    values = [(1, 2.0), (2, 3.0), (4, 4.0)]
    found = compared(
        tmp_path,
        *[value(FINE, f"s:{n}", b - 1) for n, b in values],
        *[value(COARSE, f"s:{n}", b) for n, b in values],
        value(FINE, "s:3", 0.0),
    )

    assert found.labels == []
    approx = pytest.approx
    assert found.scales == [Scale("valence", 3, approx(1.0), approx(4 / 7), 1.0, "")]
    assert [(d.a, d.b, d.utterance_id) for d in found.differing][:1] == [
        ("1.0", "2.0", "s:1")
    ]


def test_a_scale_without_spread_says_whose_it_is(tmp_path):
    found = compared(
        tmp_path,
        *[value(FINE, f"s:{n}", 0.5) for n in (1, 2)],
        *[value(COARSE, f"s:{n}", n / 4) for n in (1, 2)],
    )

    note = "fine@1 gave one value only"
    bias = pytest.approx(-0.125)
    assert found.scales == [Scale("valence", 2, None, None, bias, note)]


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        pytest.param("fine", "coarse", "fine@1 answers in .* vad", id="none"),
        pytest.param("fine", "fi", "both names refer to 'fine@1'", id="one"),
        pytest.param(
            "fine", "x", "no annotator 'x' has given labels or values", id="unknown"
        ),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path, a, b, why):
    rows = fine("s:1", "joy"), value(COARSE, "s:1", 0.5)
    with pytest.raises(UsageError, match=why):
        compared(tmp_path, *rows, a=a, b=b)
