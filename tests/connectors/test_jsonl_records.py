"""JSON as exports hold it: lists inside objects, over several lines, with commas."""

import json

import pytest

from affectflow.errors import UsageError
from affectflow.sources.json_path import shape_of, values_at
from affectflow_connectors.jsonl import ReadJsonl

MAP = {"utterance_id": "id", "text": "body"}
MESSAGES = [{"id": 1, "body": 'a "}]'}, {"id": 2, "body": "b"}]


def source_of(folder, data, **options):
    path = folder / "a.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return ReadJsonl(paths=str(path), mapping=MAP, **options)


def rows_of(source):
    source.check()
    (path,) = source.patterns
    found = [b for s in source.splits(path) for b in source.read(s)]
    return [row for batch in found for row in batch.to_pylist()]


def lines(*records, after="\n"):
    return b"".join(json.dumps(r).encode() + after.encode() for r in records)


@pytest.mark.parametrize(
    ("data", "records"),
    [
        pytest.param({"messages": MESSAGES, "n": 2}, "messages", id="a list"),
        pytest.param(
            {"users": [{"id": 7}], "a": {"b": {"c": MESSAGES}}}, "a.b.c", id="nested"
        ),
        pytest.param({"p": {"x": MESSAGES[0], "y": MESSAGES[1]}}, "p.*", id="members"),
        pytest.param(
            {"threads": [{"posts": [m]} for m in MESSAGES]}, "threads.*.posts", id="*"
        ),
        pytest.param({"pages": [[], MESSAGES]}, "pages.1", id="a place"),
        pytest.param(
            lines(*[{"messages": [m]} for m in MESSAGES]), "messages", id="pages"
        ),
        pytest.param(
            json.dumps({"messages": MESSAGES}, indent=2).encode(), "messages", id="tall"
        ),
        pytest.param(json.dumps(MESSAGES, indent=2).encode(), "", id="a tall array"),
        pytest.param(
            b"\n".join(json.dumps(m, indent=1).encode() for m in MESSAGES),
            "",
            id="tall objects",
        ),
        pytest.param(lines(*MESSAGES, after=",\n"), "", id="commas behind lines"),
        pytest.param(lines(*MESSAGES, after=",\r\n")[:-2], "", id="a comma at the end"),
        pytest.param(
            b"[\n" + lines(*MESSAGES, after=",\n") + b"]\n", "", id="brackets"
        ),
    ],
)
def test_messages_are_found_where_they_are(tmp_path, data, records):
    found = rows_of(source_of(tmp_path, data, records=records))

    assert [(row["utterance_id"], row["text"]) for row in found] == [
        ("jsonl:1", 'a "}]'),
        ("jsonl:2", "b"),
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_path_is_followed_however_the_stream_is_cut(size):
    data = json.dumps({"x": {'k"': "\\}]{"}, "y": [1, "[", None], "m": MESSAGES})
    chunks = [data[at : at + size].encode() for at in range(0, len(data), size)]

    found = list(values_at(iter(chunks), ["m"], lambda _: True))

    assert [each.value for each in found] == MESSAGES


@pytest.mark.parametrize(
    ("data", "records", "words"),
    [
        pytest.param(
            {"messages": MESSAGES, "n": 2},
            "",
            "a list inside an object; type --source jsonl --records messages$",
            id="no path given",
        ),
        pytest.param(
            json.dumps({"name": "x", "messages": MESSAGES * 3000}).encode(),
            "",
            "--records messages$",
            id="larger than is looked at",
        ),
        pytest.param(
            json.dumps({"data": {"items": MESSAGES}}, indent=1).encode(),
            "",
            "--records data.items$",
            id="tall",
        ),
        pytest.param(
            {"messages": MESSAGES, "users": [{"id": 1}]},
            "message",
            "did you mean --records messages",
            id="mistyped",
        ),
        pytest.param({"messages": MESSAGES}, "a..b", "has an empty step", id="empty"),
    ],
)
def test_a_list_that_is_not_named_is_answered_with_what_to_type(
    tmp_path, data, records, words
):
    with pytest.raises(UsageError, match=words):
        source_of(tmp_path, data, records=records).check()


def test_a_line_that_holds_a_list_beside_its_text_is_a_message(tmp_path):
    data = lines(*[m | {"reactions": [{"name": "x"}]} for m in MESSAGES])

    assert len(rows_of(source_of(tmp_path, data))) == 2


@pytest.mark.parametrize("count", [1, 100], ids=["few lines", "many lines"])
def test_a_text_of_pieces_is_joined(tmp_path, count):
    text = ["see ", {"type": "link", "text": "x.example"}, "!"]
    data = lines(*[{"id": n, "body": text} for n in range(count)])

    assert {row["text"] for row in rows_of(source_of(tmp_path, data))} == {
        "see x.example!"
    }


def test_what_is_cut_off_gives_what_came_before(tmp_path):
    data = json.dumps({"messages": MESSAGES}).encode()[:-12]

    found = rows_of(source_of(tmp_path, data, records="messages"))

    assert found[0]["utterance_id"] == "jsonl:1"
    assert found[-1]["errors"][0]["error_type"] in ("truncated_file", "invalid_json")


def test_damage_in_a_list_costs_its_value_only(tmp_path):
    data = b'{"messages": [{"id": 1, "body": x}, {"id": 2, "body": "b"}]}'

    found = rows_of(source_of(tmp_path, data, records="messages"))

    assert [bool(row["errors"]) for row in found] == [True, False]


def test_the_shape_of_a_file_names_the_list_of_most_text():
    data = {"users": [{"id": 1}], "messages": [{"id": 1, "replies": [{"id": 2}]}]}

    assert shape_of(json.dumps(data).encode()).lists == [
        "messages",
        "users",
        "messages.*.replies",
    ]
