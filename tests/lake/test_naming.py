"""One way from what a user types to an annotator, for all commands."""

import pytest

from affectflow.errors import UsageError
from affectflow.gold.asking.sampling import How
from affectflow.gold.asking.sampling import choose as draw
from affectflow.gold.evaluation.lakes import compared_one
from affectflow.gold.evaluation.versus import compare_in
from affectflow.gold.targets.labels import targets_of
from affectflow.lake import views
from affectflow.lake.basis import candidates, choose
from affectflow.lake.naming import annotator_meant
from tests.given.view_lakes import FolderLake, label, utterance

ALONE, CASCADE, TWO = "Model@1", "Model@1+below", ("Other@1", "Other@2")


@pytest.fixture
def connection(tmp_path):
    """A model that also answered in a cascade over another one, and two of one name."""
    ids = (ALONE, CASCADE, *TWO)
    tables = {
        "utterances": [utterance("s:0")],
        "annotations": [label("s:0", "joy", annotator_id=each) for each in ids],
        "annotators": [
            {
                "annotator_id": each,
                "kind": "model",
                "over": TWO[0] if each == CASCADE else None,
            }
            for each in ids
        ],
    }
    return views.connect(FolderLake(tmp_path).write(**tables))


def sampled(connection, word):
    _, told = draw(connection, targets_of("emotion"), How(1, 0, "score", word))
    return told["annotator_id"]


WAYS = {
    "over": lambda c, word: annotator_meant(c, word, [ALONE, CASCADE, *TWO]),
    "report, mine": lambda c, word: choose(c, candidates(c), word).annotator_id,
    "compare": lambda c, word: compare_in(c, word, TWO[0]).annotator_a,
    "eval": compared_one,
    "sample": sampled,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("Model@", ALONE, id="a cascade is not meant by its model's name"),
        pytest.param("Model@1+", CASCADE, id="but by more of it"),
        pytest.param("Model@1", ALONE, id="a whole name"),
    ],
)
def test_a_beginning_means_the_same_to_all_commands(connection, way, word, expected):
    assert way(connection, word) == expected


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("Other@", "may be 'Other@1', 'Other@2'", id="several"),
        pytest.param("x", "no annotator 'x' has (answered|given)", id="none"),
    ],
)
def test_what_means_none_or_several_is_refused(connection, way, word, said):
    with pytest.raises(UsageError, match=said):
        way(connection, word)
