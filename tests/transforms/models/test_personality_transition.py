"""PersonalityTransition: published personalities, and turns that are worked by hand."""

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people, testing
from affectflow.errors import StorageError, UsageError
from affectflow.kinds.account import open_account
from affectflow.vocabularies import get
from affectflow_transforms.models.conversations.traits import (
    anchors,
    moved,
    nearest,
    personality,
    read_personalities,
)
from affectflow_transforms.models.conversations.transition import (
    PersonalityTransition,
)
from tests.given.labelled_turns import turns

LABELS = get("meld").labels
FRIENDS = {
    "Chandler": ((0.648, 0.375, 0.386, 0.58, 0.477), (0.51389, -0.00069, 0.27175)),
    "Joey": ((0.574, 0.614, 0.297, 0.545, 0.455), (0.47037, -0.00975, 0.25168)),
    "Monica": ((0.713, 0.457, 0.457, 0.66, 0.511), (0.58246, 0.01368, 0.31894)),
    "Phoebe": ((0.6, 0.48, 0.31, 0.46, 0.56), (0.44290, -0.09120, 0.27040)),
    "Rachel": ((0.635, 0.354, 0.521, 0.552, 0.469), (0.52420, -0.00648, 0.35489)),
    "Ross": ((0.722, 0.489, 0.6, 0.533, 0.356), (0.50811, 0.06528, 0.45307)),
}
"""O, C, E, A and stability of six roles, and the points published of them."""
HEAD = "speaker_id,openness,conscientiousness,extraversion,agreeableness,stability\n"


@pytest.mark.parametrize(("traits", "published"), FRIENDS.values(), ids=FRIENDS)
def test_personalities_are_the_published_points(traits, published):
    (point,) = personality(np.array([traits]))

    assert point == pytest.approx(published, abs=5e-6)


def test_every_emotion_lies_nearest_to_itself():
    assert nearest(anchors(LABELS), LABELS).tolist() == list(range(7))


@pytest.mark.parametrize("name", FRIENDS)
def test_where_nothing_draws_the_emotion_stays(name):
    points = np.tile(FRIENDS[name][1], (7, 1))

    ends = moved(anchors(LABELS), np.zeros((7, 3)), points)

    assert nearest(ends, LABELS).tolist() == list(range(7))


def test_an_emotion_moves_as_far_as_the_personality_follows():
    end = moved(
        np.array([[0.0, 0.0, 0.0]]),
        np.array([[0.8, 0.5, 4.0]]),
        np.array([[0.5, -0.2, 0.5]]),
    )

    assert end.tolist() == [[0.4, -0.1, 1.0]]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "big5.csv"
    # The points are (.99, -.12, .70) and 0.
    path.write_text(f"{HEAD}follows,1,1,1,1,1\nstays,0,0,0,0,0\n", "utf-8")
    return path


@pytest.fixture(autouse=True)
def allowed():
    with people.using(allow_person_level=True, purpose="a test"):
        yield


def expected(batch, file):
    """Returns the emotion that is expected at each turn, or its status."""
    model = PersonalityTransition(over="a", traits=str(file))
    lists = model.apply(batch, model.load_model())["annotations"].to_pylist()
    own = [next(e for e in row if e["task"] == "expected_emotion") for row in lists]
    return [each["label"] or each["status"] for each in own]


def test_others_draw_those_who_follow_and_leave_those_who_stay(file):
    # follows: of the way from anger to joy (1.32, -.08, .21), valence goes .99, arousal
    # -.12 and dominance .70: (.80, .60, .40), which is next to joy (.81, .51, .46).
    batch = turns(
        ("x", "follows", "meld", [("anger", 0.9)]),
        ("x", "stays", "meld", [("joy", 0.9)]),
        ("x", "follows", "meld", [("neutral", 0.9)]),
        ("x", "stays", "meld", [("neutral", 0.9)]),
    )

    assert expected(batch, file) == ["abstained", "abstained", "joy", "joy"]


def test_what_others_felt_since_counts_by_its_mean(file):
    # Of joy and its like in sadness: (.09, .12, .065), to which anger goes by
    # (.60, -.47, -.185) times (.99, -.12, .70): (.084, .646, .1205). Surprise, at
    # (.40, .67, -.13), is nearer (.16) than joy (.66) and neutral (.44).
    batch = turns(
        ("x", "follows", "meld", [("anger", 0.9)]),
        ("x", "b", "meld", [("joy", 0.9)]),
        ("x", "c", "meld", [("sadness", 0.9)]),
        ("x", "follows", "meld", [("neutral", 0.9)]),
    )

    assert expected(batch, file)[3] == "surprise"


def test_where_nobody_else_spoke_since_the_emotion_stays(file):
    batch = turns(
        ("x", "follows", "meld", [("anger", 0.9)]),
        ("y", "other", "meld", [("joy", 0.9)]),
        ("x", "follows", "meld", [("sadness", 0.9)]),
        ("x", "follows", "meld", [("neutral", 0.9)]),
    )

    assert expected(batch, file) == ["abstained", "abstained", "anger", "sadness"]


def test_who_is_not_in_the_file_is_counted_and_who_is_unknown_abstains(file):
    batch = turns(
        ("x", "new", "meld", [("anger", 0.9)]),
        ("x", None, "meld", [("joy", 0.9)]),
        ("x", "new", "meld", [("anger", 0.9)]),
    )

    with open_account() as opened:
        assert expected(batch, file) == ["abstained"] * 3
    assert opened.tallied == {"turns_without_traits": 1}


def test_a_turn_without_an_answer_is_passed_over(file):
    batch = turns(
        ("x", "stays", "meld", [("anger", 0.9)]),
        ("x", "stays", "meld", [(None, None)]),
        ("x", "stays", "meld", [("joy", 0.9)]),
    )

    assert expected(batch, file) == ["abstained", "abstained", "anger"]


def test_many_turns_by_one_bot_end(file):
    one = turns(("x", "stays", "meld", [("anger", 0.9)]))
    many = pa.Table.from_batches([one] * 3000).combine_chunks().to_batches()[0]

    assert expected(many, file) == ["abstained"] + ["anger"] * 2999


def test_neuroticism_is_the_opposite_of_stability(tmp_path):
    path = tmp_path / "n.csv"
    head = HEAD.replace("stability", "neuroticism")
    path.write_text(f"{head}Chandler,0.648,0.375,0.386,0.58,0.523\n", "utf-8")

    (point,) = read_personalities(str(path)).points

    assert point == pytest.approx(FRIENDS["Chandler"][1], abs=5e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("speaker_id,O,C,E,A,N\n", r"no column 'openness', .* stability or neurot"),
        (f"{HEAD}x,0.1,0.2,0.3,0.4,5\n", r"has '5' as `stability` of 'x': .* 0 to 1"),
        (f"{HEAD}x,0.1,0.2,0.3,0.4\n", r"has None as `stability` of 'x'"),
        (f"{HEAD}x,1,1,1,1,1\nx,0,0,0,0,0\n", r"'x' as `speaker_id` in several rows"),
        (f"{HEAD.strip()},neuroticism\n", "both `stability` and `neuroticism`"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(content, message, tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(content, "utf-8")

    with pytest.raises(UsageError, match=message):
        PersonalityTransition(over="a", traits=str(path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"nowhere\.csv"):
        PersonalityTransition(over="a", traits=str(tmp_path / "nowhere.csv"))
    with pytest.raises(UsageError, match="needs --set traits=FILE"):
        PersonalityTransition(over="a")


def test_it_keeps_the_promises_of_a_model(file):
    model = PersonalityTransition(over="sample@1", traits=str(file))

    testing.check_model(model)

    assert str(file) not in model.annotator()["parameters"]
