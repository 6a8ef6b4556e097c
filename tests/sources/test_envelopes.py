"""Lists of messages inside objects about them all, read message by message."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.sources.envelopes import enclosed
from affectflow.sources.streams import DamagedFileError

CHAT = {"name": "a", "id": 1, "messages": [{"id": 1}, {"id": 2}], "count": 2}


def read(text, within=("chats", "list"), size=1 << 20, max_chars=1 << 20):
    data = text.encode("utf-8", "surrogatepass")
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    found = enclosed(chunks, "messages", within, lambda r: "id" in r, max_chars)
    return [(dict(around), each.value or each.error_type) for around, each in found]


AROUND = {"name": "a", "id": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(CHAT, [(AROUND, {"id": 1}), (AROUND, {"id": 2})], id="envelope"),
        pytest.param([CHAT], [(AROUND, {"id": n}) for n in (1, 2)], id="in a list"),
        pytest.param({"messages": 7}, [({}, {"messages": 7})], id="no list"),
        pytest.param([{"id": 3}], [({}, {"id": 3})], id="a list of messages"),
        pytest.param(
            {"me": 0, "chats": {"about": 1, "list": [{"name": "b", "messages": [5]}]}},
            [({"me": 0, "about": 1, "name": "b"}, 5)],
            id="nested",
        ),
        pytest.param({"messages": []}, [], id="none"),
        pytest.param({"chats": []}, [], id="no chats"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_come_with_what_encloses_them(value, expected, size):
    assert read(json.dumps(value, indent=1), size=size) == expected


def test_a_file_that_is_cut_says_so():
    whole = json.dumps(CHAT)

    for cut in range(1, len(whole)):
        try:
            found = read(whole[:cut])
        except DamagedFileError:
            continue
        assert "invalid_json" in [value for _, value in found]


def test_a_damaged_message_ends_no_other():
    text = '{"name": "a", "messages": [{"id": 1}, {"id" 2}, {"id": 3}]}'

    assert [value for _, value in read(text)] == [{"id": 1}, "invalid_json", {"id": 3}]


def test_a_message_above_the_limit_is_refused_and_the_next_is_read():
    big = {"id": 1, "text": "x" * 500}
    text = json.dumps({"messages": [big, {"id": 2}]})

    found = [value for _, value in read(text, size=64, max_chars=200)]

    assert found == ["too_large", {"id": 2}]


def test_ten_thousand_levels_end_nothing():
    text = '{"messages": [' + "[" * 10_000 + "]" * 10_000 + ', {"id": 2}]}'

    assert ({}, {"id": 2}) in read(text)
    deep = "[" * 10_000 + "]" * 10_000
    assert len(read(deep)) <= 2


@settings(deadline=None, max_examples=30)
@given(st.text(alphabet='{}[]",:a1 \\', max_size=40))
def test_nothing_fails_but_as_a_damaged_file(text):
    try:
        read(text, size=5)
    except DamagedFileError:
        return
