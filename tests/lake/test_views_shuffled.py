"""Views: transitions and episodes, beside the same after labels are shuffled."""

import itertools
from datetime import timedelta

import pytest

from affectflow.lake import views
from tests.given.view_lakes import (
    NOON,
    FolderLake,
    cause,
    label,
    pointed_at,
    rows,
    utterance,
)

FRUSTRATION = {
    "task": "frustration",
    "vocabulary": "frustration",
    "annotator_id": "f1",
}
SEVERAL = (
    "emotion_transitions",
    "frustration_episodes",
    "frustration_figures",
    "conversation_arc",
    "theme_trend",
)


def said(turns, conversation="c1", **more):
    """Returns utterances of these speakers; the name of a bot begins with -."""
    return [
        utterance(
            f"{conversation}:{number}",
            conversation_id=conversation,
            speaker_id=speaker.strip("-") or None,
            is_bot=speaker.startswith("-"),
            timestamp=NOON + timedelta(minutes=number),
            **more,
        )
        for number, speaker in enumerate(turns)
    ]


def labelled(labels, conversation="c1", **more):
    return [
        label(f"{conversation}:{number}", each, conversation_id=conversation, **more)
        for number, each in enumerate(labels)
        if each
    ]


def frustrated(flags, conversation="c1"):
    """Returns answers; of F with frustration, of . without, of a space none."""
    return [
        label(
            f"{conversation}:{number}",
            "frustration",
            conversation_id=conversation,
            chosen=flag == "F",
            **FRUSTRATION,
        )
        for number, flag in enumerate(flags)
        if flag != " "
    ]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return views.connect(FolderLake(tmp_path_factory.mktemp("empty")))


@pytest.fixture
def lake_of(opened, tmp_path):
    """Returns a connection to a lake of these tables."""
    lake = FolderLake(tmp_path)
    return lambda **tables: pointed_at(opened, lake.write(**tables))


def transitions(connection, more=""):
    answer = rows(
        connection,
        "SELECT label_before, label, speaker, observed, shuffled "
        f"FROM emotion_transitions {more} ORDER BY ALL",
    )
    return {tuple(row.values())[:3]: tuple(row.values())[3:] for row in answer}


# -- transitions -----------------------------------------------------------------


def test_a_transition_stands_beside_what_shuffling_gives(lake_of):
    # anger, anger, joy by ada, ada, bob: one pair of each kind of speaker.
    # Two given turns are anger, anger in 2 * 1 of 3 * 2 orders, anger, joy in 2 * 1.
    connection = lake_of(
        utterances=said(["ada", "ada", "bob"]),
        annotations=labelled(["anger", "anger", "joy"]),
    )

    third = pytest.approx(1 / 3, abs=1e-6)
    assert transitions(connection) == {
        ("anger", "anger", "other"): (0, third),
        ("anger", "anger", "same"): (1, third),
        ("anger", "joy", "other"): (1, third),
        ("anger", "joy", "same"): (0, third),
        ("joy", "anger", "other"): (0, third),
        ("joy", "anger", "same"): (0, third),
    }


def test_shuffled_is_the_mean_over_all_orders(lake_of):
    speakers = ["ada", "bob", "bob", "ada", "ada"]
    labels = ["anger", "joy", "anger", "neutral", "anger"]
    orders = list(itertools.permutations(labels))
    counts = {}
    for order in orders:
        for (a, x), (b, y) in itertools.pairwise(zip(speakers, order, strict=True)):
            key = (x, y, "same" if a == b else "other")
            counts[key] = counts.get(key, 0) + 1

    connection = lake_of(utterances=said(speakers), annotations=labelled(labels))

    shuffled = {key: value[1] for key, value in transitions(connection).items()}
    assert shuffled == pytest.approx(
        {key: n / len(orders) for key, n in counts.items()}, abs=1e-6
    )


def test_shuffling_one_label_changes_nothing(lake_of):
    connection = lake_of(
        utterances=[
            *said(["ada", "bob", "ada"]),
            *said(["ada", "ada"], "c2"),
            *said(["eve"], "c3"),
        ],
        annotations=[
            *labelled(["joy"] * 3),
            *labelled(["joy"] * 2, "c2"),
            *labelled(["fear"], "c3"),
        ],
    )

    assert transitions(connection) == {
        ("joy", "joy", "other"): (2, 2),
        ("joy", "joy", "same"): (1, 1),
    }
    (same,) = rows(
        connection, "SELECT * FROM emotion_transitions WHERE speaker = 'other'"
    )
    assert (same["ratio"], same["n_conversations"], same["n_speakers"]) == (1, 2, 2)
    # Byar: 2 (1 - 1/18 - 1.96/(3 sqrt 2))^3 and 3 (1 - 1/27 + 1.96/(3 sqrt 3))^3; / 2
    assert (same["low"], same["high"]) == pytest.approx((0.1124, 3.6112), abs=2e-3)


def test_a_task_with_a_single_label_has_no_transitions(lake_of):
    connection = lake_of(
        utterances=said(["ada", "ada", "bob"]),
        annotations=labelled(["joy", "fear", "joy"]) + frustrated("FFF"),
    )

    asked = rows(connection, "SELECT DISTINCT task FROM emotion_transitions")
    assert asked == [{"task": "emotion"}]


def test_bots_turns_without_a_label_and_other_labels_are_skipped(lake_of):
    own = {"rank": 2, "score": 0.4}
    connection = lake_of(
        utterances=said(["ada", "-bot", "bob", "ada"]),
        annotations=[
            *labelled(["anger", "fear", None, "joy"]),
            label("c1:0", "fear", **own),
            label("c1:2", "fear", chosen=False),
        ],
    )

    assert transitions(connection, "WHERE observed > 0") == {
        ("anger", "joy", "same"): (1, 0.5)
    }


def test_two_annotators_have_transitions_of_their_own(lake_of):
    connection = lake_of(
        utterances=said(["ada", "bob"]),
        annotations=labelled(["joy", "fear"])
        + labelled(["fear", "joy"], annotator_id="m2"),
    )

    assert rows(
        connection,
        "SELECT annotator_id, label FROM emotion_transitions WHERE observed > 0 "
        "ORDER BY 1",
    ) == [
        {"annotator_id": "m1", "label": "fear"},
        {"annotator_id": "m2", "label": "joy"},
    ]


# -- episodes --------------------------------------------------------------------


def episodes(connection, columns):
    query = f"SELECT {columns} FROM frustration_episodes ORDER BY 1, onset_turn"
    return [tuple(row.values()) for row in rows(connection, query)]


def test_an_episode_is_a_speakers_own_turns_in_a_row(lake_of):
    # ada: frustrated at 1 and 3, recovers at 4; bob: at 5 with no word after it.
    connection = lake_of(
        utterances=said(["bob", "ada", "-bot", "ada", "ada", "bob"]),
        annotations=frustrated(".F F.F"),
        causes=[cause("k1", "c1:1")],
        conversations=[{"conversation_id": "c1", "outcome": "closed"}],
    )

    assert episodes(
        connection,
        "speaker_id, episode, onset_utterance_id, onset_turn, length, duration_s, "
        "recovery_utterance_id, recovery_s, trigger_utterance_id, trigger_by, "
        "cause_id, outcome",
    ) == [
        ("ada", 1, "c1:1", 2, 2, 120, "c1:4", 60, "c1:0", "other", "k1", "closed"),
        ("bob", 2, "c1:5", 6, 1, 0, None, None, "c1:4", "other", None, "closed"),
    ]


def test_its_cause_is_that_of_the_frustration_where_there_are_several(lake_of):
    connection = lake_of(
        utterances=said(["ada"]),
        annotations=frustrated("F"),
        causes=[cause("k1", "c1:0"), cause("k2", "c1:0", label="frustration")],
    )

    assert episodes(connection, "cause_id") == [("k2",)]


def by_hand(speakers, flags):
    """Returns episodes, recoveries, sums of onset turns and those after another."""
    last, onsets, recovered = {}, [], 0
    for turn, (speaker, flag) in enumerate(zip(speakers, flags, strict=True)):
        before = last.get(speaker, ".")
        recovered += (before, flag) == ("F", ".")
        if (before, flag) == (".", "F"):
            onsets.append(turn)
        last[speaker] = flag
    other = sum(1 for t in onsets if t and speakers[t - 1] != speakers[t])
    return len(onsets), recovered, sum(onsets) + len(onsets), other


def test_shuffled_episodes_are_the_mean_over_all_orders(lake_of):
    speakers, flags = ["ada", "bob", "ada", "ada", "bob", "cy"], ".FF.F."
    orders = set(itertools.permutations(flags))
    counted = [by_hand(speakers, order) for order in orders]
    sums = [sum(each) for each in zip(*counted, strict=True)]
    mean = sums[0] / len(orders)

    connection = lake_of(utterances=said(speakers), annotations=frustrated(flags))

    found = rows(connection, "SELECT * FROM frustration_episodes")
    assert len(found) == by_hand(speakers, flags)[0] == 2
    for row in found:
        assert row["episodes_shuffled"] == pytest.approx(mean, abs=1e-6)
        assert row["length_shuffled"] == pytest.approx(3 / mean)
        assert row["recovered_shuffled"] == pytest.approx(sums[1] / sums[0])
        assert row["onset_turn_shuffled"] == pytest.approx(sums[2] / sums[0])
        assert row["after_other_shuffled"] == pytest.approx(sums[3] / sums[0])


def test_shuffling_changes_nothing_where_every_turn_has_frustration(lake_of):
    connection = lake_of(
        utterances=said(["ada", "bob", "ada"]),
        annotations=frustrated("FFF"),
    )

    found = rows(
        connection, "SELECT figure, observed, shuffled FROM frustration_figures"
    )
    assert {tuple(row.values()) for row in found} == {
        ("episodes", 2, 2),
        ("length", 1.5, 1.5),
        ("recovered", 0, 0),
        ("recovery_s", None, None),
        ("onset_turn", 1.5, 1.5),
        ("after_other", 0.5, 0.5),
    }
    ratios = "SELECT DISTINCT episodes_ratio FROM frustration_episodes"
    assert rows(connection, ratios) == [{"episodes_ratio": 1}]


def test_figures_add_up_over_conversations(lake_of):
    # c1, F F .: 1 episode of 2; shuffled 2/3 + 2 * 1/3 = 4/3. c2, . F: 1 and 1/2 + 1/2.
    connection = lake_of(
        utterances=said(["ada"] * 3) + said(["bob"] * 2, "c2"),
        annotations=frustrated("FF.") + frustrated(".F", "c2"),
    )

    answer = rows(
        connection,
        "SELECT figure, observed, shuffled, ratio, n_conversations, n_speakers "
        "FROM frustration_figures",
    )

    found = {row["figure"]: tuple(row.values())[1:] for row in answer}
    seven_thirds = pytest.approx(7 / 3, abs=1e-6)
    assert found["episodes"] == (2, seven_thirds, pytest.approx(6 / 7), 2, 2)
    assert found["length"][:2] == (1.5, pytest.approx(9 / 7))
    # Recovered: 1 of 2; shuffled (2 * 1/3 + 1/2) of 7/3, after a minute each.
    assert found["recovered"][:2] == (0.5, pytest.approx(0.5))
    assert found["recovery_s"][:2] == (60, pytest.approx(60))


# -- poor lakes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "speaker"),
    [
        pytest.param({}, "same", id="as usual"),
        pytest.param({"speaker_id": None}, "unknown", id="without speakers"),
        pytest.param({"timestamp": None}, "same", id="without times"),
        pytest.param(
            {"timestamp": None, "speaker_id": None}, "unknown", id="without either"
        ),
    ],
)
def test_speakers_and_times_may_be_missing(lake_of, more, speaker):
    utterances = [row | more for row in said(["ada", "ada", "ada"])]

    connection = lake_of(
        utterances=utterances,
        annotations=labelled(["joy", "fear", "joy"]) + frustrated("F.F"),
    )

    assert {key[2] for key in transitions(connection)} == {speaker}
    assert episodes(connection, "onset_turn, length, recovered") == [
        (1, 1, True),
        (3, 1, False),
    ]
    (count,) = rows(connection, "SELECT count(*) n FROM conversation_arc")
    assert count == {"n": 6}


def test_a_conversation_of_one_turn_has_no_transition_and_one_episode(lake_of):
    connection = lake_of(
        utterances=said(["ada"]),
        annotations=labelled(["joy"]) + frustrated("F"),
    )

    assert transitions(connection) == {}
    assert episodes(connection, "episodes, episodes_shuffled, trigger_by") == [
        (1, 1, None)
    ]


@pytest.mark.parametrize("view", SEVERAL)
def test_people_are_no_annotators_there(lake_of, view):
    query = f"SELECT * FROM {view} ORDER BY ALL"
    connection = lake_of(
        utterances=said(["ada", "bob"]),
        annotations=labelled(["joy", "fear"]) + frustrated("F."),
    )
    before = rows(connection, query)

    person = {"annotator_id": "person:zoe"}
    connection = lake_of(
        annotators=[person | {"kind": "person", "touches": []}],
        annotations=[row | person for row in frustrated("FF") + labelled(["joy"] * 2)],
    )

    assert rows(connection, query) == before
    assert bool(before) == (view != "theme_trend")
