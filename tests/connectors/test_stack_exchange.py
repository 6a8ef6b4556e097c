import json
import sys

import pytest

from affectflow.errors import MissingExtraError
from affectflow_connectors.stack_exchange.messages import site_of
from affectflow_connectors.stack_exchange.source import ReadStackExchange
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

SITE = "stack-exchange:cooking.stackexchange.com"
QUESTION = (
    '<row Id="1" PostTypeId="1" AcceptedAnswerId="2" '
    'CreationDate="2011-08-17T20:18:56.507" Score="11" '
    'Body="&lt;p&gt;Is it &amp;amp; I&#xA;or &lt;code&gt;x&lt;/code&gt;?'
    ' مرحبا 😂&lt;/p&gt;" OwnerUserId="40" Title="Why &amp; how?" '
    'Tags="&lt;eggs&gt;&lt;oven-heat&gt;" ContentLicense="CC BY-SA 3.0" />'
)
ANSWER = (
    '<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2011-08-18T01:00:00.000" '
    'Body="&lt;blockquote&gt;&lt;p&gt;or&lt;/p&gt;&lt;/blockquote&gt;&lt;p&gt;No.'
    '&lt;/p&gt;" OwnerDisplayName="gone" LastEditDate="2012-01-01T00:00:00.000" />'
)
COMMENT = (
    '<row Id="1" PostId="2" Score="0" Text="I don\'t *see* &lt;it&gt;" '
    'CreationDate="2011-08-19T01:00:00.000" UserId="40" />'
)


def table(*rows, name="posts"):
    head = '\ufeff<?xml version="1.0" encoding="utf-8"?>'
    return "\n".join([head, f"<{name}>", *(f"  {row}" for row in rows), f"</{name}>"])


@pytest.fixture
def dump(tmp_path):
    folder = tmp_path / "cooking.stackexchange.com"
    folder.mkdir()
    written(folder, table(QUESTION, ANSWER), "Posts.xml")
    written(folder, table(COMMENT, name="comments"), "Comments.xml")
    return folder


PAGE = {
    "items": [
        {
            "question_id": 1,
            "title": "Why &amp; how?",
            "body": "<p>Is it &amp; I\nor <code>x</code>? مرحبا 😂</p>",
            "creation_date": 1313612336,
            "link": "https://cooking.stackexchange.com/questions/1/why",
            "owner": {"user_id": 40, "user_type": "moderator"},
            "tags": ["eggs", "oven-heat"],
            "answer_count": 1,
            "answers": [
                {
                    "answer_id": 2,
                    "question_id": 1,
                    "body": "<blockquote><p>or</p></blockquote><p>No.</p>",
                    "creation_date": 1313629200,
                    "owner": {"user_type": "does_not_exist", "display_name": "gone"},
                    "comments": [
                        {
                            "comment_id": 1,
                            "post_id": 2,
                            "body": "I don&#39;t <i>see</i> &lt;it&gt;",
                            "body_markdown": "I don&#39;t *see* &lt;it&gt;",
                            "creation_date": 1313715600,
                            "owner": {"user_id": 40},
                        }
                    ],
                }
            ],
        }
    ],
    "has_more": False,
    "quota_max": 10000,
}


def said(rows):
    names = ("utterance_id", "reply_to", "text", "speaker_id", "container", "url")
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_the_dump_and_the_interface_say_the_same(dump, tmp_path):
    rows = rows_of(ReadStackExchange, dump)

    host = "https://cooking.stackexchange.com"
    names = ("utterance_id", "reply_to", "text", "url")
    assert sorted(tuple(row[name] for name in names) for row in rows) == [
        (f"{SITE}/1", None, "Is it & I or `x`? مرحبا 😂", f"{host}/q/1"),
        (f"{SITE}/2", f"{SITE}/1", "> or\n\nNo.", f"{host}/a/2"),
        (f"{SITE}/comment-1", f"{SITE}/2", "I don't *see* <it>",
         f"{host}/posts/comments/1"),
    ]  # fmt: skip
    assert said(rows) == said(rows_of_text(ReadStackExchange, tmp_path, PAGE, "a.json"))


def test_what_a_question_says_of_itself(dump):
    row = next(r for r in rows_of(ReadStackExchange, dump) if r["kind"] == "question")

    assert row["title"] == "Why & how?"
    assert row["timestamp"].isoformat() == "2011-08-17T20:18:56.507000+00:00"
    assert dict(row["attrs"]) == {
        "score": "11",
        "tags": "eggs,oven-heat",
        "licence": "CC BY-SA 3.0",
        "accepted_answer": f"{SITE}/2",
    }


@pytest.mark.parametrize(
    ("row", "error_type"),
    [
        ('<row Id="3" PostHistoryTypeId="2" Text="old" />', "not_an_utterance"),
        ('<row Id="3" PostTypeId="5" Body="about eggs" />', "not_an_utterance"),
        ('<row Id="3" TagName="eggs" Count="1" />', "not_an_utterance"),
        ('<row PostTypeId="1" Body="x" />', "no_id"),
        ('<row Id="3" PostTypeId="1" />', "no_text"),
        ('<row Id="3" PostTypeId="99" Body="x" />', "unknown_shape"),
        ('<row Id="3" PostTypeId="1" Body="x', "invalid_xml"),
        ("lost words", "invalid_xml"),
        ('<!DOCTYPE a [<!ENTITY b "ha">]>', "invalid_xml"),
    ],
)  # fmt: skip
def test_a_bad_row_is_counted_or_refused_and_its_neighbours_live(
    tmp_path, row, error_type
):
    rows = rows_of_text(
        ReadStackExchange, tmp_path, table(QUESTION, row, ANSWER), "Posts.xml"
    )

    assert error_types(rows) == ["", error_type, ""]


def test_a_site_that_is_named_counts_more_than_folders_and_links(tmp_path):
    named = {"site_name": "https://Cooking.stackexchange.com/"}
    dump = written(tmp_path, table(QUESTION), "Posts.xml")
    page = written(tmp_path, PAGE, "a.json")

    assert rows_of(ReadStackExchange, dump, **named)[0]["utterance_id"] == f"{SITE}/1"
    other = rows_of(ReadStackExchange, page, site_name="a.example")
    assert {row["container"] for row in other} == {"a.example"}
    (said,) = ReadStackExchange(paths=str(dump)).notices()
    assert f"{tmp_path.name!r}" in said
    assert "--set site_name=" in said
    assert ReadStackExchange(paths=str(dump), **named).notices() == []


def test_no_entity_is_expanded(tmp_path):
    bomb = '<row Id="1" PostTypeId="1" Body="&lol; &#x41; &#xD800;" />'

    (row,) = rows_of_text(ReadStackExchange, tmp_path, table(bomb), "Posts.xml")

    assert row["text"] == "&lol; A \ufffd"


def test_a_table_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    whole = table(QUESTION, ANSWER)

    for end in (whole.index("</posts>"), whole.index(' LastEditDate="2012')):
        rows = rows_of_text(ReadStackExchange, tmp_path, whole[:end], "Posts.xml")
        assert error_types(rows)[0] == ""
        assert error_types(rows)[-1] == "truncated_file"
    assert rows_of_text(ReadStackExchange, tmp_path, table(), "Posts.xml") == []


@pytest.mark.parametrize("step", [11, 100, 500])
def test_any_cut_into_byte_ranges_gives_the_same_rows(dump, step):
    posts = dump / "Posts.xml"
    cuts = list(range(0, posts.stat().st_size, step))

    assert rows_of_ranges(ReadStackExchange, posts, cuts) == rows_of(
        ReadStackExchange, posts
    )


def test_an_archive_is_read_where_it_lies(dump, tmp_path):
    libarchive = pytest.importorskip("libarchive", exc_type=Exception)
    packed = tmp_path / "cooking.stackexchange.com.7z"
    with libarchive.file_writer(str(packed), "7zip") as archive:
        for name in ("Posts.xml", "Comments.xml"):
            data = (dump / name).read_bytes()
            archive.add_file_from_memory(f"../../{name}", len(data), data)
        archive.add_file_from_memory("Votes.xml", 3, b"<a>")

    rows = rows_of(ReadStackExchange, packed)

    assert ids(rows) == ids(rows_of(ReadStackExchange, dump))
    assert error_types(rows).count("not_an_utterance") == 1
    damaged = written(tmp_path, packed.read_bytes()[:300], "b.7z")
    assert error_types(rows_of(ReadStackExchange, damaged))[-1] == "damaged_file"


def test_without_the_extra_an_archive_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "libarchive", None)

    with pytest.raises(MissingExtraError, match=r"archives.*7z x"):
        rows_of_text(ReadStackExchange, tmp_path, b"7z\xbc\xaf\x27\x1c", "a.7z")


@pytest.mark.parametrize(
    ("page", "error_type"),
    [
        ({"error_id": 502, "error_message": "slow down"}, "unknown_shape"),
        ({"items": [{"comment_id": 3, "post_id": 1}]}, "no_text"),
        ({"items": [{"badge_id": 3}]}, "unknown_shape"),
        (["page"], "unknown_shape"),
    ],
)
def test_pages_without_words_say_so(tmp_path, page, error_type):
    rows = rows_of_text(ReadStackExchange, tmp_path, page, "a.json")

    assert error_types(rows) == [error_type]


@pytest.mark.parametrize(
    ("path", "site"),
    [
        ("dumps/stackoverflow.com-Posts.7z", "stackoverflow.com"),
        ("fr.meta.stackexchange.com/Posts.xml", "fr.meta.stackexchange.com"),
        ("https://www.superuser.com/q/1", "superuser.com"),
        ("a/b/Posts.xml", "b"),
        ("Posts.xml", None),
    ],
)
def test_the_site_is_read_off_a_path(path, site):
    assert site_of(path) == site


def test_its_files_are_recognised(dump):
    for name in ("Posts.xml", "Comments.xml"):
        head = (dump / name).read_bytes()
        assert ReadStackExchange.recognises(name, head) > 0.9
    assert ReadStackExchange.recognises("a.json", json.dumps(PAGE).encode()) > 0.9
    tags = table('<row Id="1" TagName="eggs" />', name="tags").encode()
    assert ReadStackExchange.recognises("Tags.xml", tags) > 0.9
    assert ReadStackExchange.recognises("a.xml", b"<feed><row Id='1'/></feed>") == 0


@pytest.mark.parametrize(
    ("name", "living", "others"),
    [
        ("Posts.xml", 260, []),
        ("Comments.xml", 400, []),
        ("Tags.xml", 0, ["not_an_utterance"] * 94),
        ("api_stackexchange_question_page.json", 4, ["no_text"] * 2),
    ],
)
def test_real_files_are_read_whole(shared_data, name, living, others):
    rows = rows_of(ReadStackExchange, shared_data / "raw_stackexchange" / name)

    kinds = error_types(rows)
    assert [kind for kind in kinds if kind] == others
    assert len(kinds) == living + len(others)
    if name == "Posts.xml":
        known = {row["utterance_id"] for row in rows if row["kind"] == "question"}
        assert {r["reply_to"] for r in rows if r["kind"] == "answer"} <= known
