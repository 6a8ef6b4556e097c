"""Events of a video from a table of its motion, with the exact frames of row 2."""

import gzip

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.vision.frames import Sampling
from affectflow_transforms.vision.motion_tables import MotionTables
from affectflow_transforms.vision.pictures import look_at
from affectflow_transforms.vision.video import Stretch
from tests.given.videos import write_video
from tests.transforms.vision.test_frames import FRAMES, bumps

pytestmark = pytest.mark.vision
RATE, BITS, BLOCK = 30, 9, 16
TIMES = np.arange(FRAMES) / RATE
SIX = Sampling("events", 6, "paper")
FLAT = [0, 50, 100, 150, 200, 250]
TWO = [0, 45, 60, 149, 225, 240]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video of 300 frames, each of which shows its own number in black and white."""
    path = tmp_path_factory.mktemp("numbered") / "clip.mp4"
    return str(write_video(path, map(numbered, range(FRAMES)), rate=RATE))


def numbered(frame):
    bits = np.array([255 * (frame >> bit & 1) for bit in range(BITS)]).reshape(3, 3)
    return np.kron(bits, np.ones((BLOCK, BLOCK)))


def number(picture):
    side = [BLOCK // 2 + BLOCK * n for n in range(3)]
    bits = np.asarray(picture.convert("L"))[np.ix_(side, side)].ravel() > 127
    return int((bits << np.arange(BITS)).sum())


def of_option(motion, sampling=SIX):
    return MotionTables.of_option(str(motion), sampling)


def seen(clip, motion, sampling=SIX, part=None):
    """Returns the numbers of the frames that are looked at, and what is counted."""
    tables = of_option(motion, sampling)
    with open_account() as account:
        tables.tally([clip])
    looked = look_at(clip, part or Stretch(), sampling, tables)
    return [number(picture) for picture in looked.pictures], dict(account.tallied)


def table(values, **more):
    """Returns a table with a row for each frame, of which the last one is over."""
    rows = {"time": TIMES, "motion": np.append(values, 0.0)}
    return pa.table({**rows, **more})


def written(folder, rows, name="clip.csv"):
    path = folder / name
    if path.suffix == ".parquet":
        parquet.write_table(rows, path)
    else:
        sign = "\t" if path.suffix == ".tsv" else ","
        csv.write_csv(rows, path, csv.WriteOptions(delimiter=sign))
    return path


def text(folder, content, name="clip.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", ["clip.csv", "clip.tsv", "clip.parquet"])
@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        pytest.param(bumps(150), [0, 89, 135, 145, 155, 208], id="in the middle"),
        pytest.param(bumps(270), [0, 89, 178, 255, 265, 275], id="near the end"),
        pytest.param(bumps(60, 240), TWO, id="two"),
        pytest.param(bumps(), FLAT, id="none"),
    ],
)
def test_frames_of_a_table_are_those_that_the_papers_code_takes(
    clip, tmp_path, name, motion, expected
):
    assert seen(clip, written(tmp_path, table(motion), name))[0] == expected


def test_an_action_unit_is_motion_if_its_column_is_named(clip, tmp_path):
    # As OpenFace writes it: blanks before names, other columns of numbers.
    smile = np.append(5 * bumps(60, 240), 0.0)
    rows = [f"{n + 1}, {t:.3f}, 0.98, 0.1, {smile[n]:.2f}" for n, t in enumerate(TIMES)]
    head = "frame, timestamp, confidence, AU04_r, AU12_r"
    path = text(tmp_path, "\n".join([head, *rows]))

    assert seen(clip, f"{path}:AU12_r")[0] == TWO
    with pytest.raises(
        UsageError, match=r"motion=FILE:COLUMN; columns: AU04_r, AU12_r"
    ):
        of_option(path).check()
    with pytest.raises(UsageError, match="no numbers in 'AU99'"):
        of_option(f"{path}:AU99").check()


def test_a_table_of_few_rows_is_a_line_between_them(clip, tmp_path):
    tenth = table(bumps(60, 240)).take(np.arange(0, FRAMES, 3))

    assert seen(clip, written(tmp_path, tenth))[0] == TWO


def test_times_count_from_the_beginning_of_the_recording(clip, tmp_path):
    path = written(tmp_path, table(bumps(240)))

    found, _ = seen(clip, path, Sampling("events", 1), Stretch(5.0, 10.0))

    assert found == [240]


def test_one_table_tells_of_several_recordings(clip, tmp_path):
    rows = [table(bumps(60, 240)), table(bumps())]
    names = [pa.repeat(name, FRAMES) for name in ("calls/clip.mp4", "other")]
    both = pa.concat_tables(
        part.append_column("recording", name)
        for part, name in zip(rows, names, strict=True)
    )

    assert seen(clip, written(tmp_path, both, "all.csv"))[0] == TWO


def test_of_two_people_who_move_the_one_who_moves_more_counts(clip, tmp_path):
    parts = [
        table(bumps(at)).append_column("speaker", pa.repeat(name, FRAMES))
        for at, name in ((60, "Ann"), (240, "Bo"))
    ]

    assert seen(clip, written(tmp_path, pa.concat_tables(parts)))[0] == TWO


def test_cells_without_a_number_are_counted_and_bridged(clip, tmp_path):
    rows = written(tmp_path, table(bumps(60, 240))).read_text().splitlines()
    for line, cell in ((30, "NaN"), (150, ""), (200, "error")):
        rows[line] = f"{rows[line].partition(',')[0]},{cell}"
    path = text(tmp_path, "\n".join(rows))

    assert seen(clip, path) == (TWO, {"motion_value_missing": 3})


def test_motion_that_never_changes_is_counted_and_frames_are_even(clip, tmp_path):
    path = written(tmp_path, table(np.full(FRAMES - 1, 0.7), still=[0.7] * FRAMES))

    assert seen(clip, f"{path}:still") == (FLAT, {"motion_constant": 1})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("time,motion\n0,1\n2,1\n1,1\n", "times_backwards", id="back"),
        pytest.param("time,motion\n0,1\n,1\n2,3\n", "times_missing", id="no time"),
        pytest.param("time,motion\n0,NaN\n1,\n2,nan\n", "no_numbers", id="NaN"),
        pytest.param("time,motion\n", "no_rows", id="header only"),
        pytest.param("", "no_table", id="empty"),
        pytest.param("motion\n1\n2\n", "no_times", id="no times"),
        pytest.param("time,a,b\n0,1,2\n", "no_such_column", id="which column"),
        pytest.param("time,motion\n0,1\n1\n", "no_table", id="a cut row"),
        pytest.param(b"time,motion\n0,\xff\xfe\n", "no_numbers", id="bytes"),
        pytest.param("time,motion\n60,1\n61,2\n", "no_motion_then", id="later"),
        pytest.param(
            "time,motion,recording\n0,1,other\n", "no_motion", id="unknown recording"
        ),
        pytest.param(
            "time,motion,recording\n0,1,clip\n5,NaN,other\n1,0,clip\n0,2,clip\n",
            "times_backwards",
            id="one of two",
        ),
        pytest.param(
            "time,motion,recording\n0,1,o\n0,NaN,clip\n", "no_values", id="no values"
        ),
    ],
)  # fmt: skip
def test_a_table_that_does_not_tell_of_a_video_has_a_reason(
    clip, tmp_path, content, reason
):
    with pytest.raises(UnmeasuredError) as raised:
        seen(clip, text(tmp_path, content))

    assert raised.value.reason == reason
    assert "clip" in str(raised.value)


def test_a_table_that_ends_too_early_is_alone_in_failing(clip, tmp_path):
    packed = gzip.compress(written(tmp_path, table(bumps(60, 240))).read_bytes())
    text(tmp_path, packed[:-9], "other.csv.gz")
    tables = of_option(tmp_path)

    with pytest.raises(UnmeasuredError, match="other") as raised:
        tables.motion("other.mp4")

    assert raised.value.reason == "unreadable_file"
    assert seen(clip, tmp_path)[0] == TWO


def test_two_tables_of_one_video_are_not_chosen_among(clip, tmp_path):
    for name in ("clip.csv", "clip.tsv"):
        written(tmp_path, table(bumps(150)), name)

    with pytest.raises(UnmeasuredError) as raised:
        seen(clip, tmp_path)

    assert raised.value.reason == "two_files_of_one_recording"


def test_tables_are_told_apart_by_what_they_hold(tmp_path):
    one = of_option(written(tmp_path, table(bumps(60))))
    (tmp_path / "moved").mkdir()
    moved = of_option(written(tmp_path / "moved", table(bumps(60))))
    other = of_option(written(tmp_path, table(bumps(61))))

    assert one.digest == moved.digest != other.digest


@pytest.mark.parametrize("sampling", [None, Sampling("uniform", 6)])
def test_without_events_a_table_is_refused(tmp_path, sampling):
    path = written(tmp_path, table(bumps(60)))

    with pytest.raises(UsageError, match="needs frames=events:N"):
        of_option(path, sampling)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        of_option(tmp_path / "none.csv")
