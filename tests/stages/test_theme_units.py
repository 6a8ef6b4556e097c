"""The causes of a lake in units: which count, and for which family."""

from typing import Any

import pyarrow as pa

from affectflow.batches.batch import with_column
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.lake.tables import stem
from affectflow.schemas import CAUSES_COLUMN, TABLES
from affectflow.stages.themes.units import causes_of, families, units
from tests.given.factories import utterances
from tests.given.moved_lakes import TEXTS, cause, moved
from tests.given.stage_runs import store


def texts_of(uri: str, family: str = "irritation") -> list[str]:
    opened = Lake.open(uri)
    found = [causes_of(opened, unit) for unit in units(opened)]
    rows = [row for table in found for row in table.to_pylist()]
    return sorted(row["cause_text"] for row in rows if row["family"] == family)


def test_what_moved_a_bot_does_not_count(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, moved(["mine", "a bot's"], is_bot=[False, True]))

    assert texts_of(uri) == ["mine"]


def test_what_people_marked_does_not_count(tmp_path):
    uri = str(tmp_path / "lake")
    found = [[cause(0, "mine") | {"annotator_id": "rules"}], [cause(1, "theirs")]]
    found[1][0]["annotator_id"] = "ann"
    batch = moved(["mine", "theirs"])
    batch = batch.drop_columns(["causes"]) if "causes" in batch.schema.names else batch
    store(uri, with_column(batch, CAUSES_COLUMN, pa.array(found, CAUSES_COLUMN.type)))
    assert texts_of(uri) == ["mine", "theirs"]

    lake = Lake.open(uri)
    person = {"annotator_id": "ann", "kind": "person"}
    rows = pa.Table.from_pylist([person], schema=TABLES["annotators"])
    entry = write_file(lake.storage, "annotators", "ann.parquet", rows)
    commit(lake.storage, "annotators", [entry])

    assert texts_of(uri) == ["mine"]


def test_a_span_with_two_labels_of_one_family_counts_once(tmp_path):
    uri = str(tmp_path / "lake")
    labels = ("anger", "annoyance", "joy")
    found = [
        [cause(n, "it", label=label, cause_id=label) for label in labels] for n in (1,)
    ]
    batch = utterances("it fails", utterance_id="test:1")
    column = pa.array(found, CAUSES_COLUMN.type)
    store(uri, with_column(batch, CAUSES_COLUMN, column))

    assert {f: len(texts_of(uri, f)) for f in ("irritation", "anger", "joy")} == {
        "irritation": 1,
        "anger": 1,
        "joy": 1,
    }


def test_only_what_pleased_is_a_cause_of_happiness(tmp_path):
    uri = str(tmp_path / "lake")
    labels = ("gratitude", "amusement", "desire")
    found = [
        [cause(n, label, label=label, cause_id=label)] for n, label in enumerate(labels)
    ]
    ids = [f"test:{n}" for n in range(len(labels))]
    batch = utterances(*labels, utterance_id=ids)
    column = pa.array(found, CAUSES_COLUMN.type)
    store(uri, with_column(batch, CAUSES_COLUMN, column))

    assert {f: texts_of(uri, f) for f in ("gratitude", "happiness", "joy")} == {
        "gratitude": ["gratitude"],
        "happiness": ["amusement"],
        "joy": ["amusement", "desire"],
    }


def test_a_complaint_is_a_cause_of_nobodys_happiness(tmp_path):
    uri = str(tmp_path / "lake")
    found = [
        [cause(0, "it hangs", label="annoyance")],
        [cause(1, "it hangs", label="amusement", cause_utterance_id="test:0")],
        [cause(2, "the new docs", label="love", cause_id="loved")],
    ]
    ids = [f"test:{n}" for n in range(len(found))]
    batch = utterances("it hangs", "haha", "the new docs", utterance_id=ids)
    column = pa.array(found, CAUSES_COLUMN.type)
    store(uri, with_column(batch, CAUSES_COLUMN, column))

    assert texts_of(uri, "happiness") == ["the new docs"]
    assert texts_of(uri, "joy") == ["it hangs", "the new docs"]


PLEASANT = {"gratitude", "happiness", "joy"}
AMBIGUOUS = {"surprise"}


def test_no_family_holds_pleasant_and_unpleasant_feelings():
    ends = {
        label: [f for f, pairs in families().items() if ("goemotions", label) in pairs]
        for label in (
            "joy",
            "admiration",
            "relief",
            "anger",
            "remorse",
            "grief",
            "fear",
        )
    }

    pleasant = {f for label in list(ends)[:3] for f in ends[label]}
    unpleasant = {f for label in list(ends)[3:] for f in ends[label]}
    assert pleasant <= PLEASANT
    assert not unpleasant & (PLEASANT | AMBIGUOUS)


def test_what_two_miners_found_counts_once_and_the_surer_is_taken(tmp_path):
    uri = str(tmp_path / "lake")
    text = "the build is broken and the docs are wrong"

    def span(words, miner, score):
        start = text.index(words)
        return cause(1, words, cause_id=words, start=start, score=score) | {
            "end": start + len(words),
            "annotator_id": miner,
        }

    found = [
        span("the build is broken", "rules", 0.5),
        span("build is", "model", 0.6),
        span("the docs are wrong", "rules", 0.7),
        span("wrong", "model", 0.4),
    ]
    batch = utterances(text, utterance_id="test:1")
    store(uri, with_column(batch, CAUSES_COLUMN, pa.array([found], CAUSES_COLUMN.type)))

    assert texts_of(uri) == ["build is", "the docs are wrong"]


def test_a_miner_that_is_asked_for_no_score_adds_only_what_no_other_found(tmp_path):
    uri = str(tmp_path / "lake")
    text = "the build is broken and the docs are wrong"

    def span(words, miner, score):
        start = text.index(words)
        return cause(1, words, cause_id=f"{miner} {words}", start=start) | {
            "end": start + len(words),
            "annotator_id": miner,
            "score": score,
        }

    found = [
        span("build is broken", "rules", 0.3),
        span("the build is broken", "llm", None),
        span("broken", "connective", 0.2),
        span("the docs are wrong", "llm", None),
        span("docs are wrong", "other llm", None),
    ]
    batch = utterances(text, utterance_id="test:1")
    store(uri, with_column(batch, CAUSES_COLUMN, pa.array([found], CAUSES_COLUMN.type)))

    assert texts_of(uri) == ["build is broken", "docs are wrong"]


def test_causes_without_a_span_do_not_count(tmp_path):
    uri = str(tmp_path / "lake")
    found = [[cause(1, "it", status="none_found")], [cause(2, "that")]]
    batch = utterances("it fails", "that fails", utterance_id=["test:1", "test:2"])
    column = pa.array(found, CAUSES_COLUMN.type)
    store(uri, with_column(batch, CAUSES_COLUMN, column))

    assert texts_of(uri) == ["that"]


def test_a_bucket_is_one_unit_while_causes_wait_for_a_part_that_moved(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    store(uri, moved(TEXTS[:4]))
    store(uri, moved(TEXTS[4:8], first=4))
    opened = Lake.open(uri)
    assert [unit.name for unit in units(opened)] == opened.parts()
    before = texts_of(uri)
    files = opened.committed("utterances")

    class Moved:
        """The lake between two commits: one part has another name already."""

        storage, uri = opened.storage, opened.uri

        def committed(self, table: str) -> Any:
            if table != "utterances":
                return opened.committed(table)
            return {p.replace(stem(p), f"{stem(p)[:-1]}x"): e for p, e in files.items()}

    (unit,) = units(Moved())  # type: ignore[arg-type]
    assert unit.name == "b00000"
    assert unit.rows == 8
    own = unit._replace(utterances=tuple(files))
    rows = causes_of(opened, own).to_pylist()
    texts = [row["cause_text"] for row in rows if row["family"] == "irritation"]
    assert sorted(texts) == before
