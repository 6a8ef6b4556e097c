"""ReadConvokit: corpora of our own in ConvoKit's format, old and new."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow.sources.recognition import recognise
from affectflow_connectors.datasets.convokit import ReadConvokit
from tests.given.reading import rows_of, why_dead, write_folder, write_zip

FIRST = {
    "id": "a1", "conversation_id": "a1", "text": "It broke", "speaker": "ann",
    "meta": {"score": 0.5, "parsed": [{"toks": []}], "top_level": True, "author": "x"},
    "reply-to": None, "timestamp": "1083362100", "vectors": [],
}  # fmt: skip
OLD = {
    "id": "a2", "root": "a1", "text": "Why?", "user": "bob", "meta": {},
    "reply_to": "a1", "timestamp": 1083362160.0,
}  # fmt: skip
LINES = "".join(json.dumps(each) + "\n" for each in (FIRST, OLD))
FILES = {
    "utterances.jsonl": LINES,
    "conversations.json": {"a1": {"meta": {"title": "Boats", "split": "dev"}}},
    "speakers.json": {"ann": {"meta": {"gender": "f"}, "vectors": []}},
    "corpus.json": {"name": "boats"},
    "index.json": {"utterances-index": {}, "speakers-index": {}, "version": 2},
}
KEPT = (
    *("utterance_id", "conversation_id", "reply_to", "speaker_id", "text"),
    *("container", "title", "split"),
)


def kept(rows):
    return [tuple(row[name] for name in KEPT) for row in rows]


def place(name):
    return f"convokit:boats-corpus/{name}"


EXPECTED = [
    (
        *(place("a1"), place("a1"), None, "ann", "It broke"),
        *("boats-corpus", "Boats", "dev"),
    ),
    (
        *(place("a2"), place("a1"), place("a1"), "bob", "Why?"),
        *("boats-corpus", "Boats", "dev"),
    ),
]


@pytest.mark.parametrize("kind", ["folder", "zip", "zip without a folder"])
def test_a_corpus_is_read_in_every_shape(tmp_path, kind):
    inner = {f"boats-corpus/{name}": each for name, each in FILES.items()}
    if kind == "folder":
        path = write_folder(tmp_path / "boats-corpus", FILES)
    else:
        files = inner if kind == "zip" else FILES
        path = write_zip(tmp_path / "boats-corpus.zip", files)

    rows = rows_of(ReadConvokit, path)

    assert kept(rows) == EXPECTED
    assert [str(r["timestamp"]) for r in rows] == [
        *("2004-04-30 21:55:00+00:00", "2004-04-30 21:56:00+00:00")
    ]
    assert dict(rows[0]["attrs"]) == {"meta.score": "0.5", "meta.top_level": "true"}
    assert recognise([str(path)]).source is ReadConvokit


def test_lines_alone_are_a_corpus_that_an_option_names(tmp_path):
    folder = write_folder(tmp_path / "x", {"utterances.jsonl": LINES})

    first, _ = rows_of(ReadConvokit, folder / "utterances.jsonl", corpus="mine")

    assert first["utterance_id"] == "convokit:mine/a1"
    assert first["title"] is None
    assert recognised("lines", LINES.encode())[0] is ReadConvokit


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({**FIRST, "id": None}, "missing_field"),
        ({**FIRST, "text": None}, "missing_field"),
        ([1], "unknown_shape"),
    ],
)
def test_what_is_not_an_utterance_is_refused(tmp_path, record, error):
    lines = LINES + json.dumps(record) + "\n"
    path = write_folder(tmp_path / "c", {"utterances.jsonl": lines})

    assert why_dead(rows_of(ReadConvokit, path)) == [error]


@pytest.mark.parametrize("damage", ["{", "[]", {"a1": 3}, {"a1": {"meta": None}}])
def test_a_damaged_list_of_conversations_costs_titles_only(tmp_path, damage):
    files = {**FILES, "conversations.json": damage}
    path = write_folder(tmp_path / "boats-corpus", files)

    assert [row["title"] for row in rows_of(ReadConvokit, path)] == [None, None]
