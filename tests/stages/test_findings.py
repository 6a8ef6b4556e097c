"""What comes in with messages: answers of several rows, causes in changed texts."""

import json

import pyarrow as pa
import pytest

from affectflow.schemas import ANNOTATORS_COLUMN, CAUSES_COLUMN
from affectflow.stages.ingest.findings import causes_in_place, with_answers_of
from affectflow.stages.ingest.ingest import ingest_source
from affectflow_connectors.datasets.goemotions import ReadGoemotions
from affectflow_connectors.datasets.reccon import ReadReccon
from tests.given.stage_runs import ask, store

TEXT = "no, it broke. It broke again"


def caused(status="ok", words="It broke", start=14, of="s:1"):
    return {
        "cause_utterance_id": of,
        "cause_text": words,
        "start": start,
        "end": None if start is None else start + len(words),
        "status": status,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(caused(), caused(), id="in its place"),
        pytest.param(caused(start=9), caused(), id="moved"),
        pytest.param(
            caused(words="broke", start=16), caused(words="broke", start=17), id="near"
        ),
        pytest.param(
            caused(words="gone"),
            {**caused("unaligned", start=None), "cause_text": None},
            id="gone",
        ),
        pytest.param(
            caused(of="s:9", start=0), caused(of="s:9", start=0), id="not here"
        ),
        pytest.param(
            caused("latent", start=None), caused("latent", start=None), id="latent"
        ),
    ],
)
def test_causes_stand_where_their_words_are(given, expected):
    batch = pa.record_batch(
        {
            "utterance_id": ["s:1", "s:2"],
            "text": [TEXT, "oh"],
            "causes": pa.array([[], [given]], CAUSES_COLUMN.type),
        }
    )

    (_, (found,)) = causes_in_place(batch).column("causes").to_pylist()

    assert {name: found[name] for name in expected} == expected


def test_rows_of_one_message_keep_the_answers_of_all():
    def batch(*rows):
        ids, names = zip(*rows, strict=True)
        signed = [[{"annotator_id": name} for name in each] for each in names]
        return pa.record_batch(
            {
                "utterance_id": ids,
                "annotators": pa.array(signed, ANNOTATORS_COLUMN.type),
            }
        )

    found = with_answers_of(
        batch(("a", "1"), ("b", "")), batch(("b", "23"), ("a", "4"), ("b", "5"))
    )

    names = [
        [a["annotator_id"] for a in row] for row in found["annotators"].to_pylist()
    ]
    assert names == [["1", "4"], ["2", "3", "5"]]


RAW = "text,id,rater_id,example_very_unclear,anger,joy\n" + "".join(
    f"a,e{n},{rater},{rater == 3},{n % 2},{rater % 2}\n"
    for rater in (1, 2, 3)
    for n in (1, 2)
)


def batches_of(source):
    (path,) = source.patterns
    return [batch for split in source.splits(path) for batch in source.read(split)]


@pytest.mark.rotated
def test_the_answers_of_all_raters_come_into_the_lake(tmp_path):
    (tmp_path / "goemotions_1.csv").write_text(RAW)
    lake = str(tmp_path / "lake")

    ran = store(
        lake, *batches_of(ReadGoemotions(paths=str(tmp_path / "goemotions_1.csv")))
    )

    assert (ran["rows_in"], ran["rows_out"], ran["rows_duplicate"]) == (6, 2, 4)
    chosen = ask(
        lake,
        "SELECT right(utterance_id, 2), right(annotator_id, 1), list(label ORDER BY 1) "
        "FROM annotations WHERE chosen GROUP BY ALL ORDER BY ALL",
    )
    assert chosen == [
        *(("e1", "1", ["anger", "joy"]), ("e1", "2", ["anger"]), ("e2", "1", ["joy"]))
    ]
    assert ask(lake, "SELECT DISTINCT kind FROM annotators") == [("person",)]


@pytest.mark.proof
def test_causes_of_a_set_stand_in_the_text_of_the_lake(tmp_path):
    turn = {"turn": 1, "speaker": "A", "emotion": "sad", "utterance": "a\u0301 broke"}
    marks = {"evidence": [1], "span": ["broke"]}
    turn |= {f"expanded emotion cause {name}": each for name, each in marks.items()}
    (tmp_path / "train.json").write_text(json.dumps({"tr_1": [[turn]]}))
    lake = str(tmp_path / "lake")

    ingest_source(ReadReccon(paths=str(tmp_path / "train.json")), lake)

    found = ask(
        lake,
        "SELECT text[start + 1 : c.end], start FROM causes c JOIN utterances u ON "
        "u.utterance_id = cause_utterance_id",
    )
    assert found == [("broke", 2)]
