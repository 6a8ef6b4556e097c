"""One message under two conversation ids is in the lake once, in whatever order."""

from datetime import timedelta

import pyarrow as pa
import pytest

from affectflow.batches.grouping import spill
from affectflow.lake import Lake, open_tables, speakers
from affectflow.lake.digest import digest
from affectflow.schemas import CUES_COLUMN
from affectflow.stages.ingest import twins
from affectflow.stages.ingest.seal import seal
from affectflow.stages.ingest.store import _write, commit_ingest
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request, staging
from affectflow.storage import Storage
from tests.given.factories import DAY, utterances
from tests.given.stage_runs import counts, reconciles

ROWS = "SELECT conversation_id, text FROM utterances WHERE utterance_id = 'test:{}'"
MERGES = "SELECT \"into\" FROM conversation_merges WHERE conversation_id = 'test:{}'"


def dump(thread, *ids, text="said once", **columns):
    """Returns messages of a thread."""
    names = [f"test:{i}" for i in ids]
    given = {"reply_to": None, "origin": [f"{thread}#{n}" for n in range(len(ids))]}
    return utterances(
        *[text] * len(ids),
        utterance_id=names,
        conversation_id=f"test:{thread}",
        **(given | columns),
    )


def said(lake, query, name):
    with open_tables(lake) as connection:
        return connection.sql(query.format(name)).fetchall()


def store(uri, *batches):
    """Ingests batches as a pipeline does, which would take most of the time."""
    lake = Lake.create(uri)
    request = new_request(lake, "ingest", {})
    key = speakers.read_key(lake.settings, "")
    folder, claims = Storage(staging(lake, request)), {}
    for batch in batches:
        for bucket, claim in spill(seal(batch, key, lake.buckets), folder):
            claims.setdefault(bucket, []).append(tuple(claim))
    rows = {"rows_in": sum(batch.num_rows for batch in batches)}
    receipts = [_write(lake, request, *each) for each in sorted(claims.items())]
    return commit_ingest(request, [Receipt(unit="spill", rows=rows), *receipts])


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    """Lakes of the same three dumps: at once, and one after the other."""
    dumps = [dump(thread, thread, "m") for thread in "cab"]
    folder = tmp_path_factory.mktemp("lakes")
    found = [str(folder / name) for name in ("at once", "in turn")]
    store(found[0], *dumps)
    for batch in dumps:
        assert reconciles(store(found[1], batch))
    return found


@pytest.fixture
def lake(lakes):
    """A lake that the tests share: each has ids of its own."""
    return lakes[1]


@pytest.mark.rotated
def test_the_lake_is_the_same_in_whatever_order_copies_come(lakes):
    at_once, in_turn = map(digest, lakes)

    assert in_turn == at_once
    assert said(lakes[0], ROWS, "m") == [("test:a", "said once")]
    assert [said(lakes[0], MERGES, name) for name in "cb"] == [[("test:a",)]] * 2


def test_what_the_lake_has_elsewhere_is_unchanged(lakes):
    row = store(lakes[0], dump("b", "b", "m"))

    assert counts(row) == {"in": 2, "unchanged": 2}
    assert said(lakes[0], ROWS, "m") == [("test:a", "said once")]


@pytest.mark.parametrize("edit_first", [True, False])
def test_the_later_edit_counts_whatever_its_conversation(lake, edit_first):
    name = f"edited {edit_first}"
    edited = dump("z", name, text="edited", edited_at=DAY + timedelta(days=1))
    plain = dump("plain", name)
    for batch in [edited, plain] if edit_first else [plain, edited]:
        store(lake, batch)

    assert said(lake, ROWS, name) == [("test:z", "edited")]


def test_a_thread_that_is_only_named_after_the_parent_gives_way(lake):
    store(lake, dump("guess", "g", reply_to="test:guess"))
    store(lake, dump("root", "g", reply_to="test:guess"))

    assert said(lake, ROWS, "g") == [("test:root", "said once")]
    assert said(lake, MERGES, "guess") == [("test:root",)]


def test_other_texts_with_one_id_in_one_input_are_refused(lake):
    row = store(lake, dump("one", "x"), dump("other", "x", text="another"))

    assert counts(row) == {"in": 2, "out": 1, "dead": 1}
    why = "SELECT error_type FROM dead_letters WHERE utterance_id = 'test:{}'"
    assert said(lake, why, "x") == [("duplicate_id",)]
    assert said(lake, MERGES, "other") == []


@pytest.mark.proof
def test_another_text_takes_the_place_of_the_older_one(lake):
    store(lake, dump("first", "o", "stays"))

    row = store(lake, dump("second", "o", text="another"))

    assert counts(row) == {"in": 1, "out": 1}
    assert said(lake, ROWS, "o") == [("test:second", "another")]
    assert said(lake, ROWS, "stays") == [("test:first", "said once")]
    assert said(lake, MERGES, "first") == []


@pytest.mark.proof
def test_many_ids_are_compared_in_several_passes(lake, monkeypatch):
    monkeypatch.setattr(twins, "AT_ONCE", 3)
    ids = [f"{n}" for n in range(8)]

    row = store(lake, dump("here", *ids), dump("there", "9", *ids[::-1]))

    assert counts(row) == {"in": 17, "out": 9, "duplicate": 8}
    assert said(lake, ROWS, "7") == [("test:here", "said once")]


def test_ids_whose_hashes_are_equal_are_no_twins(lake, monkeypatch):
    monkeypatch.setattr(twins, "_hashes", lambda ids: ids.hash().to_numpy() * 0)

    row = store(lake, dump("h", "h1", "h2"), dump("k", "k1"))

    assert counts(row) == {"in": 3, "out": 3}


@pytest.mark.proof
def test_cues_of_a_copy_go_with_it(lake):
    cue = pa.array([[{"modality": "text", "cue": "emoji", "phrase": "p"}]])
    for thread in ("v", "u"):
        batch = dump(thread, "cued")
        store(lake, batch.append_column(CUES_COLUMN, cue.cast(CUES_COLUMN.type)))

    found = "SELECT cue FROM cues WHERE utterance_id = 'test:{}'"
    assert said(lake, found, "cued") == [("emoji",)]
    assert said(lake, ROWS, "cued") == [("test:u", "said once")]
