"""Research sets: files of our own in the shapes that their authors publish."""

import gzip
import json

import pytest

from affectflow.batches.batch import concat
from affectflow.kinds.source import recognised
from affectflow_connectors.datasets.ecf import ReadEcf
from affectflow_connectors.datasets.goemotions import ReadGoemotions
from affectflow_connectors.datasets.meld import ReadMeld
from affectflow_connectors.datasets.reccon import ReadReccon
from affectflow_connectors.datasets.tables import split_of
from tests.given.labelled import causes, chosen
from tests.given.reading import living, rows_of, why_dead

AGREED = (
    'so "glad"\t17\teabc123\n"it said ""no"" to me"\t2,25\tedef456\nwhy\t27\tee12345\n'
)
RAW = (
    "text,id,author,subreddit,link_id,parent_id,created_utc,rater_id,"
    "example_very_unclear,anger,joy,sadness,neutral\n"
    '"no, ""no""",eabc123,ann,boats,t3_a,t1_b,1548381039.0,1,False,1,0,1,0\n'
    '"no, ""no""",eabc123,ann,boats,t3_a,t1_b,1548381039.0,37,True,0,0,0,0\n'
)
MELD = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,"
    "Episode,StartTime,EndTime\n"
    '1,"Don’t, \u2026 go",Ann,sadness,negative,7,0,4,7,"00:20:57,256","00:21:00,049"\n'
    "2,What?,Bob,Surprise,negative,7,1,4,7,00:21:01,later\n"
    "3,Hm,All,bored,neutral,7,10,,,,\n"
)
DIALOGUE = {
    "tr_1": [
        [
            {
                "turn": 1,
                "speaker": "A",
                "utterance": "It broke .",
                "emotion": "neutral",
            },
            {
                "turn": 2,
                "speaker": "B",
                "utterance": "It broke ? I hate it .",
                "emotion": "angry",
                "expanded emotion cause evidence": [1, 2, "b", 1],
                "expanded emotion cause span": ["It broke", "It broke ?", "b", "gone"],
                "type": ["inter-personal", "latent"],
            },
            {
                "turn": 3,
                "speaker": "B",
                "utterance": "Why ?",
                "emotion": "surprise",
                "expanded emotion cause evidence": [2],
                "expanded emotion cause span": ["I hate it ."],
                "type": ["self-contagion"],
            },
        ]
    ],
    "tr_2": "no turns",
}
SCENE = {
    "conversation_ID": 18,
    "conversation": [
        {"utterance_ID": 1, "text": "He left .", "speaker": "A", "emotion": "neutral"},
        {"utterance_ID": 2, "text": "Oh no !", "speaker": "B", "emotion": "sadness"},
        {"utterance_ID": 3, "text": "Ha !", "speaker": "B", "emotion": "joy"},
    ],
    "emotion-cause_pairs": [
        ["2_sadness", "1_He left ."],
        ["2_sadness", "1_He left ."],
        ["2_sadness", "2"],
        ["2_sadness", "9_x"],
    ],
}


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_agreed_labels_of_goemotions(tmp_path):
    path = write(tmp_path, "train.tsv", AGREED)

    rows = rows_of(ReadGoemotions, path)

    assert [(r["utterance_id"], r["text"]) for r in rows] == [
        ("goemotions:eabc123", 'so "glad"'),
        ("goemotions:edef456", 'it said "no" to me'),
        ("goemotions:ee12345", "why"),
    ]
    assert [chosen(row) for row in rows] == [
        {"person:goemotions": ["joy"]},
        {"person:goemotions": ["anger", "sadness"]},
        {"person:goemotions": ["neutral"]},
    ]
    assert {len(row["annotations"]) for row in rows} == {28}
    assert {row["split"] for row in rows} == {"train"}
    (signed,) = rows[0]["annotators"]
    assert (signed["kind"], signed["licence"]) == ("person", "CC-BY-4.0")


def test_each_rater_of_goemotions_is_an_annotator(tmp_path):
    rows = rows_of(ReadGoemotions, write(tmp_path, "goemotions_1.csv", RAW))

    assert [chosen(row) for row in rows] == [
        {"person:goemotions-1": ["anger", "sadness"]},
        {"person:goemotions-37": []},
    ]
    assert [(a["status"], a["label"]) for a in rows[1]["annotations"]] == [
        ("abstained", None)
    ]
    assert {(r["utterance_id"], r["container"]) for r in rows} == {
        ("goemotions:eabc123", "boats")
    }
    assert str(rows[0]["timestamp"]) == "2019-01-25 01:50:39+00:00"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        *(("a\t28\teabc123", "unknown_label"), ("a\tx\teabc123", "unknown_label")),
        *(("a\t1\t ", "missing_field"), ("a\t1", "invalid_csv")),
    ],
)
def test_a_row_of_another_shape_is_refused(tmp_path, line, error):
    rows = rows_of(ReadGoemotions, write(tmp_path, "dev.tsv", AGREED + line + "\n"))

    assert why_dead(rows) == [error]
    assert len(living(rows)) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_turns_of_meld_have_times_and_a_clip(tmp_path, encoding):
    path = tmp_path / "dev_sent_emo.csv"
    path.write_bytes(MELD.encode(encoding))

    rows = rows_of(ReadMeld, path)

    assert [(r["utterance_id"], r["start_s"], r["end_s"]) for r in rows] == [
        ("meld:dev/7/000", 1257.256, 1260.049),
        ("meld:dev/7/001", 1261.0, None),
        ("meld:dev/7/010", None, None),
    ]
    assert [chosen(row).get("person:meld") for row in rows] == [
        *(["sadness"], ["surprise"], [])
    ]
    assert rows[0]["text"] == "Don’t, … go"
    assert [row["media_uri"] for row in rows] == ["s04e07", "s04e07", None]
    assert dict(rows[1]["attrs"]) == {
        "clip": "dia7_utt1", "sentiment": "negative", "end_s_raw": "later"
    }  # fmt: skip
    assert rows[2]["annotations"][0]["status"] == "out_of_vocabulary"
    assert rows[2]["annotations"][0]["raw"] == "bored"


def test_causes_of_reccon_are_spans_of_turns(tmp_path):
    rows = rows_of(ReadReccon, write(tmp_path, "dailydialog_train.json", DIALOGUE))

    assert why_dead(rows) == ["unknown_shape"]
    one, two, three = living(rows)
    assert [r["utterance_id"] for r in (one, two, three)] == [
        f"reccon:tr_1/00{n}" for n in (1, 2, 3)
    ]
    assert chosen(two) == {"person:reccon": ["anger"]}
    assert {a["raw"] for a in two["annotations"]} == {"angry"}
    assert causes(one) == []
    assert causes(two) == [
        ("anger", "reccon:tr_1/001", "It broke", "inter_personal", "ok"),
        ("anger", "reccon:tr_1/002", "It broke ?", "no_context", "ok"),
        ("anger", None, None, None, "latent"),
        ("anger", "reccon:tr_1/001", None, None, "unaligned"),
    ]
    assert causes(three) == [
        ("surprise", "reccon:tr_1/002", "I hate it .", "self_contagion", "ok")
    ]
    assert [(c["start"], c["end"]) for c in three["causes"]] == [(11, 22)]
    assert [a["stage"] for a in one["annotators"]] == ["annotate", "mine"]


def test_pairs_of_ecf_are_causes(tmp_path):
    rows = rows_of(ReadEcf, write(tmp_path, "Subtask_1_train.json", [SCENE, 3]))

    assert why_dead(rows) == ["unknown_pair", "unknown_shape"]
    one, two, three = living(rows)
    assert chosen(two) == {"person:ecf": ["sadness"]}
    assert causes(one) == []
    assert causes(two) == [
        ("sadness", "ecf:18/001", "He left .", "inter_personal", "ok"),
        ("sadness", "ecf:18/002", "Oh no !", "no_context", "ok"),
    ]
    assert causes(three) == [("joy", None, None, None, "none_found")]


SCENES = """\
18 2
(2,1), (2, 2)
1 | A | neutral | He left . | Friends_S1E4: 00:00:03.420 - 00:00:04.382
2 | B | sadness | Oh | no ! | Friends_S1E4: 00:00:04.382 - 00:01:05.298
7 1

1 | A | joy | Ha ! | Friends_S1E5: 00:00:03.420 - 00:00:04.382
"""


def test_the_text_of_ecf_has_times(tmp_path):
    rows = rows_of(ReadEcf, write(tmp_path, "dev.txt", SCENES + "astray\n"))

    assert why_dead(rows) == ["unknown_shape"]
    _, two, three = living(rows)
    names = ("utterance_id", "text", "start_s", "end_s", "media_uri")
    assert [two[name] for name in names] == [
        *("ecf:18/002", "Oh | no !", 4.382, 65.298, "Friends_S1E4")
    ]
    assert causes(two) == [
        ("sadness", "ecf:18/001", "He left .", "inter_personal", "ok"),
        ("sadness", "ecf:18/002", "Oh | no !", "no_context", "ok"),
    ]
    assert causes(three) == [("joy", None, None, None, "none_found")]


def test_a_test_file_has_turns_without_answers(tmp_path):
    turns = [{k: t[k] for k in ("utterance_ID", "text")} for t in SCENE["conversation"]]
    path = write(tmp_path, "test.json", [{"conversation_ID": 1, "conversation": turns}])

    rows = rows_of(ReadEcf, path)

    assert [row["annotations"] + row["annotators"] for row in rows] == [[]] * 3


SETS = [
    pytest.param(ReadGoemotions, "train.tsv", AGREED, 3, id="agreed"),
    pytest.param(ReadGoemotions, "goemotions_1.csv", RAW, 2, id="raw"),
    pytest.param(ReadMeld, "dev_sent_emo.csv", MELD, 3, id="meld"),
    pytest.param(ReadReccon, "dailydialog_valid.json", DIALOGUE, 4, id="reccon"),
    pytest.param(ReadEcf, "Subtask_1_train.json", [SCENE], 4, id="ecf"),
    pytest.param(ReadEcf, "dev.txt", SCENES, 3, id="ecf as text"),
]


@pytest.mark.parametrize(("source", "name", "content", "rows"), SETS)
def test_files_are_recognised_by_what_they_hold(tmp_path, source, name, content, rows):
    head = write(tmp_path, "x", content).read_bytes()

    assert recognised("x", head)[0] is source
    assert recognised(name, gzip.compress(head))[0] is source


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("train_sent_emo.csv", "train"), ("a/Subtask_2_dev.json.gz", "dev")),
        *(("dailydialog_valid.json", "dev"), ("contest.csv", None)),
    ],
)
def test_the_split_is_read_off_the_name(name, expected):
    assert split_of(name) == expected


@pytest.mark.parametrize(
    ("name", "source", "rows", "n_causes"),
    [
        ("goemotions/dev.tsv", ReadGoemotions, 5426, 0),
        ("meld/dev_sent_emo.csv", ReadMeld, 1109, 0),
        ("reccon/dailydialog_valid.json", ReadReccon, 493, 346),
        ("ecf/dev.json", ReadEcf, 1087, 809),
        ("ecf/dev_timed.txt", ReadEcf, 1087, 866),
    ],
)
def test_real_sets_are_read_whole(shared_data, name, source, rows, n_causes):
    path = shared_data / name
    made = source(paths=str(path))

    batch = concat([b for s in made.splits(str(path)) for b in made.read(s)])

    assert recognised(str(path), path.read_bytes()[: 64 << 10])[0] is source
    assert len(batch) == rows
    assert batch.column("errors").null_count == rows
    found = batch.column("causes").flatten()
    assert found.field("status").to_pylist().count("ok") == n_causes
    said = batch.column("annotations").flatten().field("status")
    assert said.unique().to_pylist() == ["ok"]
