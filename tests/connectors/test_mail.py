import base64

import pytest

from affectflow.errors import UsageError
from affectflow_connectors.mail.message import row_of
from affectflow_connectors.mail.sources import ReadEml, ReadMbox
from tests.given.reading import error_types, ids, rows_of, rows_of_text, written

FIRST = b"""\
From: Ann <Ann@example.org>
Subject: =?utf-8?q?caf=C3=A9?=
Date: Mon, 01 Jun 2009 09:56:31 +0530
Message-ID: <ann.smith.1@example.org>
List-Id: <dev.example.org>
List-Archive: <https://lists.example.org/dev>

I hate this.
From here on it is worse.
"""
SECOND = b"""\
From: bob at example.org (Bob)
Subject: Re: caf\xc3\xa9
Date: Mon, 01 Jun 2009 10:00:00 +0000
Message-ID: <2@example.org>
In-Reply-To: <ann.smith.1@example.org>
Content-Type: text/plain; charset=windows-1252

> I hate this.
>From the start? \x93No\x94
"""
THIRD = SECOND.replace(b"<2@", b"<3@").replace(
    b"In-Reply-To: <ann.smith.1@example.org>",
    b"References: <ann.smith.1@example.org>\n\t<2@example.org>",
)
MAILS = (FIRST, SECOND, THIRD)
SEPARATOR = b"From ann@example.org Mon Jun 01 04:28:28 2009\n"
MBOX = b"\n".join(SEPARATOR + mail for mail in MAILS)


def test_a_mailbox_is_read_with_its_threads(tmp_path):
    first, second, third = rows_of_text(ReadMbox, tmp_path, MBOX, "a.mbox")

    assert first["text"] == "I hate this.\nFrom here on it is worse."
    assert second["text"] == "> I hate this.\nFrom the start? “No”"
    assert second["reply_to"] == first["utterance_id"]
    assert third["reply_to"] == second["utterance_id"]
    assert {r["conversation_id"] for r in (first, second, third)} == {
        first["utterance_id"]
    }
    assert [r["speaker_id"] for r in (first, second)] == [
        *("ann@example.org", "bob@example.org")
    ]
    assert (first["title"], first["container"]) == ("café", "dev.example.org")
    assert (first["visibility"], first["utc_offset_min"]) == ("public", 330)
    assert "ann" not in first["utterance_id"]


@pytest.mark.parametrize(
    "shape", ["crlf", "reversed", "separate files", "saved by a program"]
)
def test_every_shape_gives_the_same_messages(tmp_path, shape):
    expected = ids(rows_of_text(ReadMbox, tmp_path, MBOX, "a.mbox"))
    folder = tmp_path / "mails"
    folder.mkdir()
    if shape == "crlf":
        rows = rows_of_text(ReadMbox, folder, MBOX.replace(b"\n", b"\r\n"), "a.mbox")
    elif shape == "reversed":
        box = b"\n".join(SEPARATOR + mail for mail in reversed(MAILS))
        rows = rows_of_text(ReadMbox, folder, box, "a.mbox")
    else:
        head = SEPARATOR if shape == "saved by a program" else b""
        for number, mail in enumerate(MAILS):
            written(folder, head + mail, f"{number}.eml")
        rows = rows_of(ReadEml, folder)

    assert ids(rows) == expected


def parts(kind, *bodies):
    joined = b"".join(b"--X\n" + body + b"\n" for body in bodies)
    return (
        b"From: a@b.c\nContent-Type: " + kind + b"; boundary=X\n\n" + joined + b"--X--"
    )


PLAIN = b"Content-Type: text/plain; charset=utf-8\n\nplain \xf0\x9f\x98\x82"
HTML = b"Content-Type: text/html\n\n<blockquote>old</blockquote><p>new</p>"
FILE = b"Content-Type: text/plain\nContent-Disposition: attachment\n\nlog"
MAIL = b"Content-Type: message/rfc822\n\nFrom: c@d.e\n\nanother's words"
CODED = b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode("مرحبا".encode())


@pytest.mark.parametrize(
    ("mail", "text"),
    [
        pytest.param(parts(b"multipart/alternative", PLAIN, HTML), "plain 😂",
                     id="alternatives"),
        pytest.param(parts(b"multipart/mixed", HTML, FILE), "> old\n\nnew",
                     id="attachment"),
        pytest.param(parts(b"multipart/mixed", PLAIN, MAIL), "plain 😂",
                     id="forwarded"),
        pytest.param(b"From: a@b.c\n" + CODED, "مرحبا", id="base64"),
        pytest.param(b"From: a@b.c\nSubject: hi\n\n", "hi", id="subject alone"),
        pytest.param(b"From: a@b.c\nContent-Type: text/plain; charset=none\n\n\xe9",
                     "é", id="unknown charset"),
        pytest.param(b"From: a@b.c\nContent-Type: text/plain; format=flowed\n\na \nb\n"
                     b"> c \n> d", "a b\n> c \n> d", id="flowed"),
        pytest.param(b"From: a@b.c\n\n", "", id="empty"),
    ],
)  # fmt: skip
def test_what_a_person_wrote_is_the_text(mail, text):
    assert row_of(mail)["text"] == text


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Auto-Submitted: auto-replied", True),
        (b"Auto-Submitted: no", False),
        (b"Sender: x@y.z", False),
    ],
)
def test_automatic_answers_are_marked(header, expected):
    assert row_of(b"From: a@b.c\n" + header + b"\n\nhi")["is_bot"] is expected


def test_a_time_is_taken_from_where_there_is_one():
    assert (
        row_of(b"From: a@b.c\nReceived: by x; 1 Jun 2009 04:28:28 -0000\n\nhi")[
            "timestamp"
        ].isoformat()
        == "2009-06-01T04:28:28+00:00"
    )
    assert row_of(b"From: a@b.c\n\nhi", SEPARATOR.decode())["timestamp"].year == 2009
    assert row_of(b"From: a@b.c\nDate: soon\n\nhi")["attrs"] == {
        "timestamp_raw": "soon"
    }


@pytest.mark.parametrize(
    ("mail", "error_type"),
    [
        (b"no headers here\n\nnone", "unknown_shape"),
        (b"From: a@b.c\nMIME-Version: 1\n" + b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n)
            for n in range(5000)
        ), "invalid_mail"),
        (b"\xff\xfa\x00", "unknown_shape"),
    ],
)  # fmt: skip
def test_what_is_no_mail_is_refused(tmp_path, mail, error_type):
    assert error_types(rows_of_text(ReadEml, tmp_path, mail, "a.eml")) == [error_type]


def test_a_mailbox_that_is_named_as_one_mail_is_refused(tmp_path):
    path = written(tmp_path, MBOX, "a.eml")

    with pytest.raises(UsageError, match="looks like mbox, not eml"):
        ReadEml(paths=str(path)).check()
    (row,) = rows_of(ReadEml, path)
    assert "read it with --source mbox" in row["errors"][0]["message"]


def test_its_files_are_recognised():
    assert ReadMbox.recognises("a", MBOX) > 0.9
    assert ReadEml.recognises("a.eml", FIRST) > 0.9
    assert ReadEml.recognises("a", FIRST) > 0.7
    assert ReadMbox.recognises("a", b"From here on: 10:30 in 2009\nall is well") == 0
    assert ReadEml.recognises("a.md", b"Title: a\n\nFrom: b\nTo: c\nDate: d") == 0


def test_real_mails_are_read(shared_data):
    folder = shared_data / "raw_mail"
    single = rows_of(ReadEml, folder)
    thread = rows_of(ReadMbox, folder / "mailing_list_thread.mbox")

    assert [row["origin"].rpartition("/")[2] for row in single if row["errors"]] == [
        "msg_19.eml#0"  # a body without any header
    ]
    assert len(single) == 38
    assert error_types(thread) == [""] * 3
    known = {row["utterance_id"] for row in thread}
    assert [row["reply_to"] in known for row in thread] == [False, True, True]
    for path in sorted(folder.glob("*.mbox")):
        assert ReadMbox.recognises(path.name, path.read_bytes()[:65536]) > 0.9
