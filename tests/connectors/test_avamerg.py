"""Row 22 of the literature: the dialogues of AvaMERG, in files of our own."""

import json

import pytest

from affectflow_connectors.avamerg import ReadAvamerg, profile_id

OLD = {"age": "elderly", "gender": "female", "timbre": "low"}
YOUNG = {"age": "young", "gender": "male", "timbre": "high"}
HISTORY = [
    {"index": 0, "role": "speaker", "utterance": "My boat sank."},
    {"index": 1, "role": "listener", "utterance": "Oh no. Was anybody in it?"},
    {"index": 2, "role": "speaker", "utterance": "Only the cat, and she swims."},
]
CHAIN = {
    "event_scenario": "a boat sank",
    "speaker_emotion": "sad",
    "emotion_cause": "the loss of a boat",
    "goal_to_response": "comfort",
}
DIALOGUE = {
    "conversation_id": "00007",
    "topic": "leisure",
    "speaker_profile": OLD,
    "listener_profile": YOUNG,
    "turns": [
        {
            "turn_id": "0",
            "dialogue_history": HISTORY[:1],
            "response": HISTORY[1]["utterance"],
            "chain_of_empathy": CHAIN,
        },
        {
            "turn_id": "1",
            "dialogue_history": HISTORY,
            "response": "Clever cat!",
            "chain_of_empathy": {**CHAIN, "speaker_emotion": "happy"},
        },
    ],
}


def read(path) -> list[dict]:
    source = ReadAvamerg(paths=str(path))
    splits = source.splits(str(path))
    return [row for each in splits for b in source.read(each) for row in b.to_pylist()]


def written(folder, *dialogues, name="train.json"):
    path = folder / name
    path.write_text(json.dumps(list(dialogues)))
    return path


def test_each_utterance_of_a_dialogue_is_read_once(tmp_path):
    rows = read(written(tmp_path, DIALOGUE))

    assert [(r["utterance_id"], r["speaker_role"], r["text"]) for r in rows] == [
        ("avamerg:00007/000", "speaker", "My boat sank."),
        ("avamerg:00007/001", "listener", "Oh no. Was anybody in it?"),
        ("avamerg:00007/002", "speaker", "Only the cat, and she swims."),
        ("avamerg:00007/003", "listener", "Clever cat!"),
    ]
    assert {r["conversation_id"] for r in rows} == {"avamerg:00007"}
    assert {r["container"] for r in rows} == {"leisure"}


def test_the_chain_stands_with_the_utterance_that_it_is_about(tmp_path):
    attrs = [dict(row["attrs"]) for row in read(written(tmp_path, DIALOGUE))]

    assert [each.get("chain.speaker_emotion") for each in attrs] == [
        "sad", None, "happy", None
    ]  # fmt: skip
    assert attrs[0]["chain.goal_to_response"] == "comfort"
    assert [each["profile"] for each in attrs] == ["23", "6", "23", "6"]
    assert attrs[3]["media"] == "dia00007utt3"


def test_there_are_24_profiles():
    ages, genders = ("child", "young", "middle-aged", "elderly"), ("male", "female")
    numbers = [
        profile_id({"age": age, "gender": gender, "timbre": timbre})
        for age in ages
        for gender in genders
        for timbre in ("high", "mid", "low")
    ]

    assert numbers == list(range(24))
    assert profile_id(OLD) == 23
    assert profile_id({**OLD, "age": "of an age"}) is None
    assert profile_id(None) is None


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        ({"response": "hi"}, "KeyError: 'dialogue_history'"),
        (
            {"dialogue_history": [{"role": "cat", "utterance": "m"}]},
            "utterance 0 is no",
        ),
        ({"dialogue_history": [{"role": "speaker", "utterance": 3}]}, "utterance 0 is"),
        ({"dialogue_history": [{**HISTORY[0], "utterance": "x"}]}, "0 has two texts"),
        ("turn", "TypeError"),
    ],
)
def test_a_turn_of_another_shape_is_refused_and_the_others_are_read(
    tmp_path, turn, why
):
    turns = [*DIALOGUE["turns"], turn]

    rows = read(written(tmp_path, {**DIALOGUE, "turns": turns}))

    assert [bool(row["errors"]) for row in rows] == [False] * 4 + [True]
    message = rows[-1]["errors"][0]["message"]
    assert message.startswith("turn 2: ")
    assert why in message


def test_what_is_no_dialogue_is_refused(tmp_path):
    rows = read(written(tmp_path, {"turns": 3}, "x", DIALOGUE))

    assert [bool(row["errors"]) for row in rows] == [True] * 2 + [False] * 4
    assert "not a dialogue" in rows[0]["errors"][0]["message"]


def test_its_files_are_recognised(tmp_path):
    head = written(tmp_path, DIALOGUE).read_bytes()

    assert ReadAvamerg.recognises("train.json", head) > 0.9
    assert ReadAvamerg.recognises("train.json", b'[{"turns": []}]') == 0
