"""ReadIrc: lines of our own, as many clients log them."""

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.irc.lines import read_line
from affectflow_connectors.irc.log import ReadIrc
from tests.given.reading import living, rows_of, why_dead, write_zip

LOG = """\
--- Log opened Sun Dec 31 23:00:00 2023
23:58 -!- ann [~ann@host.example] has joined #boats
23:58 <@ann> bob_: it fails again :(
23:59  * bob_ sighs
23:59 <ubottu> try !help
--- Day changed Mon Jan 01 2024
00:01 <bob_> ann: see `make all`
00:01 <bob_> ann: see `make all`
"""


def read(tmp_path, text, name="#boats.log"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return rows_of(ReadIrc, path)


def test_a_log_becomes_messages_of_days(tmp_path):
    rows = read(tmp_path, LOG)

    assert [(str(r["timestamp"])[5:16], r["speaker_id"], r["text"]) for r in rows] == [
        ("12-31 23:58", None, "has joined"),
        ("12-31 23:58", "ann", "[USER]: it fails again :("),
        ("12-31 23:59", "bob_", "sighs"),
        ("12-31 23:59", "ubottu", "try !help"),
        ("01-01 00:01", "bob_", "[USER]: see `make all`"),
        ("01-01 00:01", "bob_", "[USER]: see `make all`"),
    ]
    assert [row["kind"] for row in rows] == ["system", *["message"] * 5]
    assert [row["is_bot"] for row in rows[1:4]] == [False, False, True]
    assert dict(rows[2]["attrs"]) == {"action": "true"}
    assert len({row["conversation_id"] for row in rows}) == 2
    assert len({row["utterance_id"] for row in rows}) == 6
    assert {row["container"] for row in rows} == {"#boats"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param("=== ann [~a@host]  has joined #boats", "#boats", id="joined"),
        pytest.param("=== ann has left #Boats []", "#Boats", id="left"),
        pytest.param(
            "=== a has joined #boats\n=== b has left #Boats", "#boats", id="case"
        ),
        pytest.param("=== a has joined #boats\n=== b has joined #cars", None, id="two"),
        pytest.param("=== Joins: ann (~a@host)", None, id="unsaid"),
        pytest.param("[14:02] <ann> who joined #cars", None, id="a message"),
    ],
)
def test_a_channel_is_read_off_those_who_join_it(tmp_path, events, expected):
    rows = read(tmp_path, f"{events}\n[14:03] <bob> x\n", "bob.log")

    assert {row["container"] for row in rows} == {expected}


def test_ids_are_the_same_in_an_archive_and_in_a_log_that_went_on(tmp_path):
    ids = [row["utterance_id"] for row in read(tmp_path, LOG)]
    archive = write_zip(tmp_path / "logs.zip", {"#boats.log": LOG})

    assert [row["utterance_id"] for row in rows_of(ReadIrc, archive)] == ids
    longer = read(tmp_path, LOG + "00:02 <ann> ok\n")
    assert [row["utterance_id"] for row in longer][:6] == ids


@pytest.mark.parametrize(
    ("line", "kind", "nick", "text"),
    [
        ("[14:03] <ann> hi", "message", "ann", "hi"),
        ("14:03:22 <+ann> hi", "message", "ann", "hi"),
        ("[14:03] <bur[n] er> hi", "message", "bur[n] er", "hi"),
        ("[2016-11-21T02:33:15] <ann> hi", "message", "ann", "hi"),
        ("12 [2016-11-21 02:33:15] <ann>  hi", "message", "ann", "hi"),
        ("2016-11-21T02:33:15Z <ann> hi", "message", "ann", "hi"),
        ("boats 2016-11-21 [02:33:15] <ann>\t hi", "message", "ann", "hi"),
        ("2016-11-21 02:33:15\t@ann\thi", "message", "ann", "hi"),
        ("Nov 21 02:33:15 <ann>\thi", "message", "ann", "hi"),
        ("[14:03] <ann> \x02\x0304,01red\x0f alert", "message", "ann", "red alert"),
        ("[14:03]  * ann waves", "message", "ann", "waves"),
        ("[14:03] <ann> ", "message", "ann", ""),
        ("[14:03] * ann has left #boats", "system", "", "has left"),
        ("=== ann is now known as bob", "system", "", "is now known as"),
        ("[14:03] *** Joins: ann (~a@host)", "system", "", "joins"),
        (
            "2016-11-21 02:33:15\t-->\tann (~a@host) has joined",
            "system",
            "",
            "has joined",
        ),
        ("Dear all, hello", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_lines_of_many_clients(line, kind, nick, text):
    found = read_line(line)

    assert (found.kind, found.nick, found.text) == (kind, nick, text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "2009-10-01_17.raw.txt", "[14:03] <a> x", "2009-10-01 14:03", id="name"
        ),
        pytest.param("20091001.log", "14:03 <a> x", "2009-10-01 14:03", id="digits"),
        pytest.param(
            "a.log",
            "**** BEGIN LOGGING AT Thu Oct  1 10:00:00 2009\nOct 02 14:03:00 <a>\tx",
            "2009-10-02 14:03",
            id="heading",
        ),
        pytest.param(
            "2009-10-01.txt",
            "23:59 <b> y\n00:01 <a> x",
            "2009-10-02 00:01",
            id="midnight",
        ),
        pytest.param("a.log", "14:03 <a> x", "None", id="nowhere"),
        pytest.param("2009-13-41.log", "14:03 <a> x", "None", id="no day"),
    ],
)
def test_the_day_is_read_off_lines_and_the_name(tmp_path, name, text, expected):
    row = living(read(tmp_path, text, name))[-1]

    assert str(row["timestamp"])[:16] == expected
    assert bool(row["attrs"]) == (expected == "None")


def test_rules_stand_between_dialogues(tmp_path):
    rule = "-" * 30
    text = (
        f"1 [2016-11-21 02:33:15] <a> x\nmore of it\n2 [2016-11-21 02:34:15] <b> y\n"
        f"{rule}\n// Part 1: z\n[2016-11-21 02:30:00] <a> z\n{rule}\n"
    )

    rows = read(tmp_path, text, "dialogues.txt")

    assert [row["text"] for row in rows] == ["x\nmore of it", "y", "z"]
    first, second, third = (row["conversation_id"] for row in rows)
    assert first == second != third


def test_bytes_that_are_not_utf8_are_read(tmp_path):
    (row,) = read(tmp_path, b"[14:03] <ann> caf\xe9 \xe2\x82\xac\n")

    assert row["text"].startswith("caf\u00e9")


@pytest.mark.parametrize("text", ["", "\n\n", "Dear all,\nhello\n", "\x00\x01\n" * 5])
def test_what_is_no_log_ends_nothing(tmp_path, text):
    rows = read(tmp_path, text)

    assert not living(rows)
    assert why_dead(rows) in ([], ["unknown_shape"])


def test_a_log_is_recognised():
    assert recognised("a.log", LOG.encode())[0] is ReadIrc
    assert ReadIrc.recognises("a.txt", b"Dear all,\nhello at\n10:30 we meet\n") == 0


@pytest.mark.parametrize(
    ("name", "messages", "system"),
    [
        ("irc_disentanglement/dev/2009-10-01_17.raw.txt", 1215, 35),
        ("irc_disentanglement/train/2005-02-08.train-a.raw.txt", 929, 317),
        ("irc_disentanglement/new-domains/mediawiki.0.ascii.txt", 1200, 0),
        ("livechat_gitter/gitter.txt", 514, 0),
    ],
)
def test_real_logs_are_read_whole(shared_data, name, messages, system):
    rows = rows_of(ReadIrc, shared_data / name)

    kinds = [row["kind"] for row in rows]
    assert (kinds.count("message"), kinds.count("system")) == (messages, system)
    assert not why_dead(rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("12:59 a\n01:00 b", ["12:59", "13:00"], id="noon"),
        pytest.param(
            "08:30 a\n11:59 b\n12:01 c\n11:58 d\n12:02 e\n",
            ["08:30", "11:59", "12:01", "23:58", "+1 00:02"],
            id="a day and more",
        ),
        pytest.param(
            "11:50 a\n12:05 b\n01:10 c\n01:09 d",
            ["11:50", "12:05", "13:10", "13:09"],
            id="lines out of order",
        ),
        pytest.param("12:59 a\n13:00 b\n01:00 c", ["12:59", "13:00", "01:00"], id="24"),
        pytest.param("09:00 a\n10:00 b", ["09:00", "10:00"], id="nothing tells"),
        pytest.param(
            "08:00 a\n09:00 b\n--- Day changed Mon Jan 01 2024\n"
            "08:30 a\n12:30 b\n01:00 c",
            ["08:00", "09:00", "+1 08:30", "+1 12:30", "+1 13:00"],
            id="days named",
        ),
    ],
)
def test_a_clock_of_twelve_hours_goes_on_after_noon(tmp_path, text, expected):
    lines = [
        f"[{x[:5]}] <{x[6:]}> x" if x[:1].isdigit() else x for x in text.split("\n")
    ]
    rows = living(read(tmp_path, "\n".join(lines), "2023-12-31.log"))

    first = rows[0]["timestamp"].date()
    days = [(row["timestamp"].date() - first).days for row in rows]
    clocks = [f"{row['timestamp']:%H:%M}" for row in rows]
    assert [f"+{d} {c}" if d else c for d, c in zip(days, clocks, strict=True)] == (
        expected
    )
    assert [row["text"] for row in rows] == ["x"] * len(rows)
