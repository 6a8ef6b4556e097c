"""ReadWebvtt and ReadSrt: cues of our own, as sites, tools and people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.source import recognised
from affectflow_connectors.transcripts.captions import ReadSrt, ReadWebvtt
from affectflow_connectors.transcripts.cues import times_of
from affectflow_connectors.transcripts.recordings import recording_of
from tests.given.reading import living, rows_of, why_dead, write_zip

MEETING = """\
WEBVTT - a call

STYLE
::cue { color: lime }

NOTE
nobody says this

1
00:00:01.000 --> 00:00:02.500 align:start position:0%
<v Ann Lee>It <i>fails</i> again &amp; again</v>
<v.loud Bob>No!

00:02.500 --> 00:04.000
<v Ann Lee>[sighs] Yes.</v>
"""
ROLLING = """\
WEBVTT
Kind: captions
Language: en-GB

00:00:00.000 --> 00:00:02.000 align:start
\x20
so<00:00:00.500><c> here</c><00:00:01.000><c> we</c>

00:00:02.000 --> 00:00:02.010
so here we
\x20

00:00:02.010 --> 00:00:04.000
so here we
go<00:00:03.000><c> go</c>

00:00:04.000 --> 00:00:04.010
go go

00:00:04.010 --> 00:00:06.000
go go
&gt;&gt; stop
"""


def read(tmp_path, text, name="call.vtt", source=ReadWebvtt):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return rows_of(source, path)


def said(rows):
    names = ("start_s", "end_s", "speaker_id", "text")
    return [tuple(row[name] for name in names) for row in living(rows)]


def texts(tmp_path, text, **where):
    return [row["text"] for row in living(read(tmp_path, text, **where))]


def srt(*payloads):
    """Returns subtitles of a second each, numbered."""
    cues = (
        f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{text}\n"
        for n, text in enumerate(payloads)
    )
    return "\n".join(cues)


def test_cues_become_turns_of_their_speakers(tmp_path):
    rows = read(tmp_path, MEETING)

    assert said(rows) == [
        (1.0, 2.5, "Ann Lee", "It fails again & again"),
        (1.0, 2.5, "Bob", "No!"),
        (2.5, 4.0, "Ann Lee", "[sighs] Yes."),
    ]
    assert len({row["conversation_id"] for row in rows}) == 1
    assert len({row["utterance_id"] for row in rows}) == 3
    assert {row["media_uri"] for row in rows} == {"call"}
    assert {row["kind"] for row in rows} == {"turn"}


def test_captions_that_roll_up_are_read_once(tmp_path):
    rows = read(tmp_path, ROLLING, "Boats-dQw4w9WgXcQ.en.vtt")

    assert said(rows) == [
        (0.0, 2.01, None, "so here we"),
        (2.01, 4.01, None, "go go"),
        (4.01, 6.0, None, "stop"),
    ]
    assert why_dead(rows) == ["not_an_utterance"] * 2
    assert {(r["lang"], r["media_uri"]) for r in living(rows)} == {
        ("en-GB", "Boats-dQw4w9WgXcQ")
    }


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        pytest.param(["a", "a b", "a b c"], ["a", "b", "c"], id="painted on"),
        pytest.param(["a\nb", "b\nc", "c\nd"], ["a\nb", "c", "d"], id="two rows"),
        pytest.param(["no", "no", "yes", "oh", "so"], None, id="said twice"),
        pytest.param(["oh no", "no way", "way out"], None, id="a word by chance"),
    ],
)
def test_only_a_file_that_repeats_most_cues_rolls(tmp_path, payloads, expected):
    found = texts(tmp_path, srt(*payloads), name="a.srt", source=ReadSrt)

    assert found == (expected or payloads)


def test_what_is_repeated_after_a_pause_is_said_again(tmp_path):
    cues = [f"00:{n}0.000 --> 00:{n}1.000\n[music]\n" for n in range(4)]

    assert texts(tmp_path, "WEBVTT\n\n" + "\n".join(cues)) == ["[music]"] * 4


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        pytest.param(
            ["Ann Lee: hi", "Bo (guest): hm: no", "Ann Lee: so"],
            [("Ann Lee", "hi"), ("Bo (guest)", "hm: no"), ("Ann Lee", "so")],
            id="Zoom",
        ),
        pytest.param(
            ["[Ann]: hi", "王：你好"], [("Ann", "hi"), ("王", "你好")], id="boxed, wide"
        ),
        pytest.param(
            ["- JOHN: Hi.\n- MARY:\nNo.", "He said: go", "see you", "WARNING: hot"],
            [
                *(("JOHN", "Hi."), ("MARY", "No."), (None, "He said: go")),
                *((None, "see you"), (None, "WARNING: hot")),
            ],
            id="capitals",
        ),
        pytest.param(
            ["Note: all of it", "at 10:30 or so", "see https://a.example"],
            [
                *((None, "Note: all of it"), (None, "at 10:30 or so")),
                (None, "see https://a.example"),
            ],
            id="no names",
        ),
        pytest.param(
            ["&gt;&gt; hi >> no", "- yes\n- no"],
            [(None, "hi"), (None, "no"), (None, "- yes\n- no")],
            id="chevrons",
        ),
        pytest.param(
            [
                r"{\an8}<font color='red'>see</font>\N<b>1 < 2</b>",
                "{y:i}♪ la ♪",
                "<3 [laughter]",
            ],
            [(None, "see\n1 < 2"), (None, "♪ la ♪"), (None, "<3 [laughter]")],
            id="markup",
        ),
        pytest.param(
            ["<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>"], [(None, "漢字")], id="ruby"
        ),
    ],
)
def test_speakers_and_markup(tmp_path, payloads, expected):
    rows = living(read(tmp_path, srt(*payloads), "a.srt", ReadSrt))

    assert [(row["speaker_id"], row["text"]) for row in rows] == expected


def test_a_numbered_speaker_is_another_in_another_recording(tmp_path):
    text = srt("Speaker 1: hi", "Ann: ho")

    (one, ann), (other, too) = (
        [row["speaker_id"] for row in read(tmp_path, text, name, ReadSrt)]
        for name in ("a.srt", "b.srt")
    )

    assert one != other
    assert one.endswith("/Speaker 1")
    assert ann == too == "Ann"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(srt("a", "b"), ["a", "b"], id="plain"),
        pytest.param("\ufeff" + srt("a", "b"), ["a", "b"], id="byte order mark"),
        pytest.param(srt("a", "b").replace("\n", "\r\n"), ["a", "b"], id="CRLF"),
        pytest.param(srt("a", "b").replace("\n", "\r"), ["a", "b"], id="CR"),
        pytest.param(srt("a", "b").encode("utf-16"), ["a", "b"], id="UTF-16"),
        pytest.param(srt("\u00e9").encode("cp1252"), ["\u00e9"], id="Windows-1252"),
        pytest.param(srt("a\n\nb", "c"), ["a\nb", "c"], id="blank line in a cue"),
        pytest.param(
            "00:01,5 --> 00:02,0\na\n00:00:03.000 -> 00:00:04.000 X1:40 X2:6\nb\n",
            ["a", "b"],
            id="no numbers, no blank lines",
        ),
        pytest.param(
            srt("a", "b").replace("00:00:01,000 -->", "00:00:00,000 -->"),
            ["a", "b"],
            id="at the same time",
        ),
        pytest.param(
            "0:00:01.500,0:00:02.000\na\n\n0:00:03.000,0:00:04.000\n42\n",
            ["a", "42"],
            id="SubViewer",
        ),
        pytest.param(srt("42", "7"), ["42", "7"], id="numbers"),
    ],
)
def test_subtitles_as_people_have_them(tmp_path, text, expected):
    rows = read(tmp_path, text, "a.srt", ReadSrt)

    assert [row["text"] for row in rows] == expected
    assert len({row["utterance_id"] for row in rows}) == len(rows)
    head = (tmp_path / "a.srt").read_bytes()
    assert recognised("a", head)[0] is ReadSrt


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("00:01.500 --> 00:02.000", (1_500_000, 2_000_000)),
        ("1:00:00,001-->100:00:00.000001", (3_600_001_000, 360_000_000_001)),
        ("00:01 --> 00:02", (1_000_000, 2_000_000)),
        ("00:00:09,500 --> 00:00:02,000", (9_500_000, None)),
        ("00:00:xx --> 00:00:02,000", (None, None)),
    ],
)
def test_times_are_whole_microseconds(line, expected):
    assert times_of(line) == expected


def test_what_cannot_be_read_is_refused_with_its_line(tmp_path):
    text = "WEBVTT\n\n00:00:9:9 --> 1\nlost\n\n00:01.0 --> 00:00.5\nback\n\nastray\n"

    rows = read(tmp_path, text)

    assert why_dead(rows) == ["unknown_shape", "invalid_time"]
    assert rows[0]["errors"][0]["message"] == "1 line outside cues"
    assert "line 3: cannot read the times" in rows[1]["errors"][0]["message"]
    (back,) = living(rows)
    assert (back["start_s"], back["end_s"]) == (1.0, None)
    assert dict(back["attrs"]) == {"end_s_raw": "00:01.0 --> 00:00.5"}


@pytest.mark.parametrize(
    ("uri", "name", "lang"),
    [
        ("/a/Boats [dQw4w9WgXcQ].pt-BR.vtt", "Boats [dQw4w9WgXcQ]", "pt-BR"),
        ("zip://c/film.en.forced.srt::/x.zip", "film", "en"),
        ("a\\v1.2.vtt.gz", "v1.2", None),
        ("talk.TextGrid", "talk", None),
    ],
)
def test_the_recording_is_read_off_the_name(uri, name, lang):
    assert recording_of(uri) == (name, lang, None)


def test_the_start_of_a_recording_makes_times_of_turns(tmp_path):
    name = "GMT20240131-235959_Recording.transcript.vtt"

    times = [str(row["timestamp"]) for row in read(tmp_path, MEETING, name)]

    assert times[0] == "2024-02-01 00:00:00+00:00"
    assert times[2] == "2024-02-01 00:00:01.500000+00:00"


def test_ids_are_the_same_elsewhere_and_of_a_corrected_transcript(tmp_path):
    ids = [row["utterance_id"] for row in read(tmp_path, MEETING)]
    archive = write_zip(tmp_path / "calls.zip", {"monday/call.vtt": MEETING})

    assert [row["utterance_id"] for row in rows_of(ReadWebvtt, archive)] == ids
    longer = read(tmp_path, MEETING + "\n00:09.000 --> 00:10.000\nbye\n")
    assert [row["utterance_id"] for row in longer][:3] == ids


@pytest.mark.parametrize("source", [ReadWebvtt, ReadSrt])
@given(
    text=st.lists(
        st.sampled_from(
            ["WEBVTT", "NOTE x", "", "1", "00:01.0 --> 00:02.0", "-->", "<v A>b</v> c"]
        )
        | st.text(max_size=20)
    ).map("\n".join)
)
@settings(max_examples=30, deadline=None)
def test_any_text_is_read_or_refused(source, text):
    lines = source(paths="x").rows_of_lines(text.split("\n"), "a.vtt")

    ids = [row["utterance_id"] for row in lines if isinstance(row, dict)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("name", "alive", "dead"),
    [
        ("ascii.srt", 3, []),
        ("captions_with_bom.vtt", 4, []),
        ("comments.vtt", 3, []),
        ("cue_tags.vtt", 3, []),
        ("missing_caption_text.vtt", 4, ["not_an_utterance"]),
        ("sample.sbv", 5, []),
        ("sample.srt", 5, []),
        ("sample.vtt", 16, []),
        ("styles.vtt", 1, []),
        ("using_identifiers.vtt", 6, []),
        ("youtube_dl.vtt", 3, ["not_an_utterance"]),
    ],
)
def test_real_files_are_read_whole(shared_data, name, alive, dead):
    path = shared_data / "nv_transcripts" / "captions" / name
    source, _ = recognised(name, path.read_bytes())

    rows = rows_of(source, path)

    assert (len(living(rows)), why_dead(rows)) == (alive, dead)
