import json

import pytest
import zstandard

from affectflow_connectors.reddit import ReadReddit
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

COMMENT = {
    "id": "c2",
    "name": "t1_c2",
    "link_id": "t3_s1",
    "parent_id": "t1_c1",
    "author": "ann",
    "subreddit": "learnpython",
    "created_utc": 1346790399,
    "body": "&gt; it &amp;amp; I\n\nI don&#39;t مرحبا 😂",
    "score": 3,
    "edited": False,
}
FIRST = {**COMMENT, "id": "c1", "name": "t1_c1", "parent_id": "t3_s1", "author": "bob"}
SUBMISSION = {
    "id": "s1",
    "name": "t3_s1",
    "title": "Why &lt;3?",
    "selftext": "",
    "is_self": True,
    "author": "ann",
    "subreddit": "learnpython",
    "created_utc": 1346790000.0,
    "num_comments": 2,
}


def listing(*things):
    return {"kind": "Listing", "data": {"children": list(things), "after": None}}


def thing(data, replies=""):
    return {"kind": data["name"][:2], "data": {**data, "replies": replies}}


TREE = [listing(thing(SUBMISSION)), listing(thing(FIRST, listing(thing(COMMENT))))]
# As Pushshift wrote comments in 2005: no name, a time in quotes.
BARE = [
    {k: v for k, v in each.items() if k not in ("name", "edited")}
    | {"created_utc": str(each["created_utc"])}
    for each in (SUBMISSION, FIRST, COMMENT)
]
SHAPES = {
    "dump.ndjson": [SUBMISSION, FIRST, COMMENT],
    "reversed.ndjson": [COMMENT, FIRST, SUBMISSION],
    "early.ndjson": BARE,
    "listing.json": listing(*map(thing, (SUBMISSION, FIRST, COMMENT))),
    "tree.json": TREE,
    "archive-api.json": {"data": [SUBMISSION, FIRST, COMMENT]},
    "more-children.json": {
        "json": {"data": {"things": [thing(x) for x in (SUBMISSION, FIRST, COMMENT)]}}
    },
}


def one(tmp_path, **changes):
    (row,) = rows_of_text(ReadReddit, tmp_path, [COMMENT | changes], "a.ndjson")
    return row


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadReddit, tmp_path, SHAPES[name], name)

    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        ("reddit:t1_c1", "reddit:t3_s1", "> it &amp; I\n\nI don't مرحبا 😂"),
        ("reddit:t1_c2", "reddit:t1_c1", "> it &amp; I\n\nI don't مرحبا 😂"),
        ("reddit:t3_s1", None, "Why <3?"),
    ]
    assert {r["conversation_id"] for r in rows} == {"reddit:t3_s1"}
    assert {r["container"] for r in rows} == {"learnpython"}
    assert min(r["timestamp"] for r in rows).isoformat() == "2012-09-04T20:20:00+00:00"


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"edited": 1346790500}, "edited_at", "2012-09-04 20:28:20+00:00"),
        ({"edited": True}, "edited_at", None),
        ({"distinguished": "moderator"}, "speaker_role", "moderator"),
        ({"is_submitter": True}, "speaker_role", "submitter"),
        ({"link_author": "ann"}, "speaker_role", "submitter"),
        ({"author": "AutoModerator"}, "is_bot", True),
        ({"author": "pics-ModTeam"}, "is_bot", True),
        ({"author": "[deleted]"}, "speaker_id", None),
        ({"author": "[deleted]"}, "deleted", None),  # the account is, its words stay
        ({"body": "[deleted]"}, "deleted", True),
        ({"body": "[removed]"}, "text", ""),
        ({"body": "[ Removed by Reddit ]"}, "deleted", True),
        ({"body": "[removed] by whom?"}, "deleted", None),
        ({"_meta": {"removal_type": "deleted"}}, "deleted", True),
        ({"subreddit": "u_ann"}, "container", "u_*"),
        ({"subreddit_type": "private"}, "visibility", "private"),
        ({"parent_id": 16346}, "reply_to", "reddit:t1_cm2"),
        ({"parent_id": None}, "reply_to", "reddit:t3_s1"),
        ({"link_id": "s1", "parent_id": "t3_s1"}, "reply_to", "reddit:t3_s1"),
        ({"created_utc": "soon"}, "timestamp", None),
        ({"body": "a&nbsp;b &amp;#x200B;c ?a&copy=1"}, "text", "a\xa0b c ?a&copy=1"),
        ({}, "url", "https://www.reddit.com/comments/s1/_/c2/"),
        ({"body": "\ud83d half"}, "text", "\ufffd half"),
    ],
)
def test_what_a_comment_says_of_itself(tmp_path, changes, column, expected):
    value = one(tmp_path, **changes)[column]

    assert (str(value) if column == "edited_at" and value else value) == expected


@pytest.mark.parametrize(
    ("changes", "text", "deleted"),
    [
        pytest.param({"selftext": "Tell me"}, "Tell me", None, id="text"),
        pytest.param({"selftext": "[removed]"}, "", True, id="removed"),
        pytest.param({"title": "[deleted by user]"}, "", True, id="deleted by user"),
        pytest.param({"removed_by_category": "moderator"}, "", True, id="by category"),
        pytest.param({"is_self": False, "url": "x"}, "Why <3?", None, id="link"),
    ],
)  # fmt: skip
def test_the_text_of_a_submission(tmp_path, changes, text, deleted):
    (row,) = rows_of_text(ReadReddit, tmp_path, [SUBMISSION | changes], "s.ndjson")

    assert (row["text"], row["deleted"]) == (text, deleted)


def test_a_crosspost_says_whose_words_it_repeats(tmp_path):
    other = {**SUBMISSION, "selftext": "not mine"}
    post = SUBMISSION | {
        "id": "s2", "name": "t3_s2", "title": "look",
        "crosspost_parent": "t3_s1", "crosspost_parent_list": [other],
    }  # fmt: skip

    (row,) = rows_of_text(ReadReddit, tmp_path, [post], "s.ndjson")

    assert row["text"] == "look"
    assert dict(row["attrs"])["repost_of"] == "reddit:t3_s1"


def test_what_is_no_message_is_counted_or_refused(tmp_path):
    more = {"kind": "more", "data": {"count": 7, "children": ["x"], "name": "t1__"}}
    account = {"kind": "t2", "data": {"name": "ann"}}
    records = [
        *(listing(more), account, {"a": 1}, 3, {**COMMENT, "body": None}),
        *({**COMMENT, "id": None, "name": None}, "{"),
    ]

    rows = rows_of_text(ReadReddit, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *("not_an_utterance", "not_an_utterance", "unknown_shape", "unknown_shape"),
        *("no_text", "no_id", "unknown_shape"),
    ]
    assert rows[0]["errors"][0]["message"] == "7 comments left out of a page"
    assert rows[4]["utterance_id"] == "reddit:t1_c2"


def test_a_private_message_is_marked(tmp_path):
    message = {"id": "m1", "author": "ann", "body": "psst", "subject": "hello"}
    said = listing({"kind": "t4", "data": message})

    (row,) = rows_of_text(ReadReddit, tmp_path, said, "inbox.json")

    assert (row["visibility"], row["kind"]) == ("private", "message")


def test_a_dump_is_read_with_a_window_of_two_gigabytes(tmp_path):
    line = (json.dumps(COMMENT) + "\n").encode()
    # One raw block behind a header that asks for a window of 2**31 bytes.
    block = (1 | len(line) << 3).to_bytes(3, "little") + line
    dump = tmp_path / "RC_2012-09.zst"
    dump.write_bytes(b"\x28\xb5\x2f\xfd\x00\xa8" + block)

    assert ids(rows_of(ReadReddit, dump)) == ["reddit:t1_c2"]
    assert ids(rows_of(ReadReddit, tmp_path)) == ["reddit:t1_c2"]  # as a folder
    assert ReadReddit.recognises(dump.name, dump.read_bytes()) > 0.9


def test_a_dump_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    lines = b"".join((json.dumps({**COMMENT, "id": f"c{n}"}) + "\n").encode()
                     for n in range(3000))  # fmt: skip
    packed = zstandard.compress(lines)
    dump = written(tmp_path, packed[: len(packed) // 2], "RC_2012-09.zst")

    kinds = error_types(rows_of(ReadReddit, dump))

    assert kinds[-1] == "truncated_file"
    assert set(kinds[:-1]) <= {""}


@pytest.mark.parametrize("step", [7, 100, 331])
def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path, step):
    dump = written(tmp_path, SHAPES["dump.ndjson"], "a.ndjson")
    size = dump.stat().st_size

    assert rows_of_ranges(ReadReddit, dump, list(range(0, size, step))) == rows_of(
        ReadReddit, dump
    )


def test_a_tree_of_any_depth_is_walked_or_refused(tmp_path):
    deep = thing(COMMENT)
    for n in range(100):
        deep = thing({**COMMENT, "name": f"t1_d{n}", "id": f"d{n}"}, listing(deep))
    assert len(rows_of_text(ReadReddit, tmp_path, listing(deep), "deep.json")) == 101

    hostile = '{"kind":"Listing","data":{"children":[' * 10_000
    rows = rows_of_text(ReadReddit, tmp_path, hostile, "hostile.json")
    assert set(error_types(rows)) <= {"invalid_json", "truncated_file"}


def test_its_files_are_recognised():
    for said in SHAPES.values():
        assert ReadReddit.recognises("x.json", json.dumps(said).encode()) > 0.9
    assert ReadReddit.recognises("x.json", b'{"author": "a", "body": "x"}') == 0


@pytest.mark.parametrize(
    ("name", "living"),
    [
        ("listing_comments.json", 100),
        ("listing_search.json", 6),
        ("pushshift_comments.ndjson", 27),
        ("thread_deep_chain.json", 10),
        ("thread_small.json", 11),
    ],
)
def test_real_files_are_read_whole(shared_data, name, living):
    path = shared_data / "raw_reddit" / name
    rows = rows_of(ReadReddit, path)

    assert error_types(rows) == [""] * living
    assert all(
        row["timestamp"] and row["container"] for row in rows if not row["errors"]
    )
    assert ReadReddit.recognises(name, path.read_bytes()[:65536]) > 0.9
