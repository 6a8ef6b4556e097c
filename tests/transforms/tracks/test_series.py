"""RenderSeries: values over time in words, by hand, and through a lake."""

import bz2
import gzip
import lzma

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from affectflow import testing
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.kinds.renderer import Track, UnmeasuredError
from affectflow.steps.tracks import check_columns, digest_of_files
from affectflow_transforms.tracks.series import RenderSeries, smoothed
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask


def series(**options) -> RenderSeries:
    return RenderSeries(**{"tracks": "none.csv", **options})


def said(values, hz=1.0, **options) -> list[str]:
    """Returns the phrases of a channel whose first value is at second 0."""
    times = np.arange(len(values)) / hz
    nothing = np.full(len(values), np.nan)
    track = Track("arousal", times, np.array(values, float), nothing)
    return [row["phrase"] for row in series(**options).rows("u", track)]


@pytest.mark.parametrize(
    ("values", "options", "phrases"),
    [
        pytest.param(
            [0.1] * 12 + [0.1, 0.4, 0.7, 0.9, 0.6],
            {},
            ["arousal rises from 12 s, peaks at 15 s"],
            id="up",
        ),
        pytest.param(
            [0.9, 0.8, 0.5, 0.1],
            {},
            ["arousal falls from 0 s, is lowest at 3 s"],
            id="down",
        ),
        pytest.param([0.8, 0.75, 0.8], {}, ["arousal is high"], id="high"),
        pytest.param([0.1, 0.2, 0.1], {}, ["arousal is low"], id="low"),
        pytest.param([0.5, 0.5, 0.5], {}, [], id="nothing to say"),
        pytest.param(
            [-0.5, 0.5],
            {"low": -1.0},
            ["arousal rises from 0 s, peaks at 1 s"],
            id="another scale",
        ),
        pytest.param([-0.05, 0.1], {"low": -1.0}, [], id="less than a fifth of it"),
        pytest.param([np.nan, np.nan], {}, [], id="not measured"),
        pytest.param([], {}, [], id="no value"),
        pytest.param(
            [np.nan, 0.1, np.nan, 0.9],
            {},
            ["arousal rises from 1 s, peaks at 3 s"],
            id="gaps",
        ),
    ],
)
def test_a_series_in_words(values, options, phrases):
    assert said(values, **options) == phrases


def test_one_value_that_leaps_is_no_rise():
    values = [0.5] * 40
    values[20] = 1.0

    assert said(values, hz=10) == []


def test_smoothing_takes_the_mean_of_a_second():
    times = np.array([0.0, 0.4, 1.0, 3.0])

    found = smoothed(times, np.array([1.0, 3.0, 5.0, 7.0]), 1.0)

    assert found.tolist() == [2.0, 2.0, 5.0, 7.0]


AVEC_2018 = "'Train_DE_01';0.0;.1;.2;.3\n'Train_DE_01';0.1;.4;.5;.6\n"
RECOLA = (
    "@relation GOLDSTANDARD\n\n@attribute Instance_name string\n"
    "@attribute frameTime numeric\n@attribute GoldStandard numeric\n\n@data\n\n"
    "dev_1,0,.3\ndev_1,0.04,?\n"
)


def test_labels_of_avec_2018_have_no_names_of_columns(tmp_path):
    path = tmp_path / "Train_DE_01.csv"
    path.write_text(AVEC_2018)

    found = series(channels="arousal,liking").measure(str(path)).to_pylist()

    assert {row["recording"] for row in found} == {"Train_DE_01"}
    assert [(row["channel"], row["start_us"], row["value"]) for row in found] == [
        ("arousal", 0, 0.1),
        ("arousal", 100_000, 0.4),
        ("liking", 0, 0.3),
        ("liking", 100_000, 0.6),
    ]


def test_values_go_on_a_grid(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,joy\n0,.1\n0.1,.3\n0.2,.5\n0.3,.7\n")

    found = series(hz=5).measure(str(path)).to_pylist()

    assert [row["start_us"] for row in found] == [0, 200_000]
    assert [row["value"] for row in found] == pytest.approx([0.2, 0.6])


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        pytest.param(
            " time , joy\n0,.1\n0.04,.2\n",
            {},
            [("joy", 0, 40_000, 0.1), ("joy", 40_000, 80_000, 0.2)],
            id="blanks around names",
        ),
        pytest.param(
            "time_ms,joy\n0,1\n500,0\n",
            {},
            [("joy", 0, 500_000, 1.0), ("joy", 500_000, 1_000_000, 0.0)],
            id="milliseconds",
        ),
        pytest.param(
            "time;joy\n0;0,5\n0,5;1\n",
            {},
            [("joy", 0, 500_000, 0.5), ("joy", 500_000, 1_000_000, 1.0)],
            id="decimal commas",
        ),
        pytest.param(
            "time,joy\n0,3\n1,.5\n",
            {},
            [("joy", 0, 1_000_000, None), ("joy", 1_000_000, 2_000_000, 0.5)],
            id="a value outside the scale",
        ),
        pytest.param(
            "t,joy,frame\n10,.5,1\n",
            {"shift_s": 2.0},
            [("joy", 8_000_000, 9_000_000, 0.5)],
            id="raters react late",
        ),
        pytest.param(
            RECOLA,
            {},
            [("GoldStandard", 0, 40_000, 0.3), ("GoldStandard", 40_000, 80_000, None)],
            id="ARFF of AVEC 2016",
        ),
        pytest.param(
            "recording;time;joy\na;0;.1\nb;0;.2\na;1;.3\nb;2;.4\n",
            {},
            [
                ("joy", 0, 1_000_000, 0.1),
                ("joy", 0, 2_000_000, 0.2),
                ("joy", 1_000_000, 2_000_000, 0.3),
                ("joy", 2_000_000, 4_000_000, 0.4),
            ],
            id="two recordings, each with its own steps",
        ),
    ],
)
def test_tables_as_people_have_them(content, options, rows, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content)

    tracks = series(**options).measure(str(path))

    names = ("channel", "start_us", "end_us", "value")
    found = tracks.select(names).to_pylist()
    assert [tuple(row.values()) for row in found] == rows


def test_a_word_among_numbers_is_missing_and_a_name_that_is_a_number_stays(tmp_path):
    path = tmp_path / "calls.csv"
    values = ["0.5"] * 11 + ["-"]
    lines = [f"{n % 2:03},{n},{value}" for n, value in enumerate(values)]
    path.write_text("\n".join(["recording,time,arousal", *lines[:-1], "b2,11,-"]))

    with open_account() as account:
        tracks = series().measure(str(path))

    assert tracks["value"].null_count == 1
    assert set(tracks["recording"].to_pylist()) == {"000", "001", "b2"}
    assert dict(account.tallied) == {"no_cue_value_missing": 1}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_table_is_read_whatever_it_is_called(pack, tmp_path):
    path = tmp_path / "a.arff.gz"
    path.write_bytes(pack(RECOLA.encode()))

    assert series().measure(str(path))["value"].to_pylist() == [0.3, None]


def test_a_table_of_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"time": [0.0, 1.0], "joy": [1, 0], "note": ["x", "y"]})
    parquet.write_table(table, path)

    assert series().measure(str(path))["value"].to_pylist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("joy\n1\n", "no_times", id="no times"),
        pytest.param("time,joy\nx,1\n", "no_times", id="times in words"),
        pytest.param("time,joy\n0,x\n", "no_numbers", id="words"),
        pytest.param("time,joy\n,1\n0,2\n", "times_missing", id="a time lacks"),
        pytest.param("time,joy\n1,1\n0,2\n", "times_backwards", id="backwards"),
        pytest.param("time,sad\n1,1\n", "no_such_column", id="another column"),
        pytest.param("time,joy\n0,1,2\n", "no_table", id="ragged"),
    ],
)
def test_a_table_that_says_nothing_has_a_reason(content, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(UnmeasuredError) as raised:
        series(channels=("joy",)).measure(str(path))

    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"low": 1.0}, "below `high`", id="scale"),
        pytest.param({"least": 0.0}, "`least` must be above 0", id="least"),
        pytest.param({"hz": -1.0}, "`hz` must be at least 0", id="hz"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options, said):
    with pytest.raises(UsageError, match=said):
        series(**options)


def test_without_tables_it_is_told_to_say_which():
    with pytest.raises(
        UsageError, match=r"name them, for example --set tracks='\*\.csv'"
    ):
        digest_of_files(RenderSeries())


def test_it_keeps_what_renderers_promise():
    testing.check_renderer(series())


def test_a_column_that_no_file_has_ends_in_a_line_with_those_that_are_there(tmp_path):
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv").write_text("zeit,joy\n0,1\n")

    for option, line in [
        ({"time": "zeitt"}, "b.csv' has no column 'zeitt'; it has zeit, joy$"),
        (
            {"time": "zeit", "channels": "yoy"},
            "no column 'yoy' of numbers; it has joy$",
        ),
    ]:
        with pytest.raises(UsageError, match=line):
            check_columns(series(tracks=str(tmp_path), **option))
    check_columns(series(tracks=str(tmp_path), time="zeit"))


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        pytest.param(
            b"time,joy\n",
            "no_rows",
            "has column names but no rows: time, joy$",
            id="a header alone",
        ),
        pytest.param(
            "time,größe\n0,1\n".encode("latin-1"),
            "no_table",
            "is not UTF-8: save it as CSV in UTF-8$",
            id="names in another encoding",
        ),
    ],
)
def test_a_table_that_says_nothing_is_named_with_the_reason(
    tmp_path, content, reason, line
):
    (tmp_path / "a.csv").write_bytes(content)

    with pytest.raises(UnmeasuredError, match=f"a.csv' {line}") as caught:
        series(tracks=str(tmp_path)).measure(f"{tmp_path}/a.csv")

    assert caught.value.reason == reason


def test_captions_and_ratings_become_one_lake(tmp_path, own_configuration):
    (tmp_path / "call.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ann>It works.\n\n"
        "00:04.000 --> 00:08.000\n<v Bob>Does it?\n"
    )
    rows = [f"{n},{0.5 if n < 4 else (n - 3) / 4}" for n in range(8)]
    (tmp_path / "call.csv").write_text("\n".join(["time,arousal", *rows]))
    lake = str(tmp_path / "lake")
    ingested = affectflow("ingest", tmp_path / "call.vtt", "--to", lake)
    assert ingested.code == 0, ingested.err
    told = ("textualize", lake, "--renderer", "RenderSeries")
    told += ("--set", f"tracks={tmp_path}/*.csv")

    failed = affectflow(*told, "--set", "channels=arousl")
    done = affectflow(*told)

    assert failed.code == 2
    assert "call.csv' has no column 'arousl' of numbers; it has arousal" in failed.err

    assert done.code == 0, done.err
    assert "cues: 1 arousal" in done.err
    asked = (
        "SELECT text, phrase, c.start_s, c.end_s FROM cues c "
        "JOIN utterances USING (utterance_id)"
    )
    assert ask(lake, asked) == [
        ("Does it?", "arousal rises from 4 s, peaks at 7 s", 4.0, 7.0)
    ]
