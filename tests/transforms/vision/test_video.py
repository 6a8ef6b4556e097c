"""Videos of several sorts: what moves in them, and the frames that are seen."""

import io
import tracemalloc

import numpy as np
import pytest

from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.vision import motion, pictures
from affectflow_transforms.vision.frames import Sampling, peaks
from affectflow_transforms.vision.video import Stretch, course
from tests.given.videos import bursts, wall, write_video

pytestmark = pytest.mark.vision
ALL = Stretch()


def read(path, part=ALL, **options):
    with open(path, "rb") as file:
        return course(file, str(path), part, **options)


def shades(path, part=ALL, frames="uniform", total=100):
    """Returns the grey of each picture that is seen, 0..255."""
    seen = pictures.look_at(str(path), part, Sampling(frames, total))
    return [round(np.asarray(picture).mean()) for picture in seen.pictures]


def flat(*greys, size=32):
    return [np.full((size, size), grey) for grey in greys]


@pytest.fixture(scope="module")
def moving(tmp_path_factory):
    path = tmp_path_factory.mktemp("videos") / "moving.mp4"
    return write_video(path, wall(bursts(160, [40, 110])))


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 3.0, 6.0])
def test_motion_is_how_far_a_picture_moves_in_pixels(shift):
    from scipy.ndimage import shift as shifted

    (picture,) = wall([30], width=128, height=96)
    before, after = (
        (p[20:68, 20:84] / 255).astype(np.float32)
        for p in (picture, shifted(picture, (0, shift), order=3))
    )

    (found,) = motion.motion([before, after])

    assert found == pytest.approx(shift, rel=0.15, abs=0.02)


def test_a_video_of_no_or_one_frame_has_no_motion():
    assert motion.motion([]).shape == (0,)
    assert motion.motion([np.zeros((48, 64), np.float32)]).shape == (0,)


def test_motion_peaks_where_something_happens(moving):
    found = read(moving)

    assert found.n_frames == 160
    assert peaks(found.motion) == pytest.approx([39.5, 109.5], abs=3)


def test_the_frames_of_events_are_seen(tmp_path):
    # What happens at frame 75 turns the wall bright for a moment.
    pictures_of = list(wall(bursts(150, [75], sigma=3)))
    pictures_of[70:80] = [np.clip(p + 60, 0, 255) for p in pictures_of[70:80]]
    path = write_video(tmp_path / "burst.mp4", pictures_of)
    usual = np.median([p.mean() for p in pictures_of])

    bright = [shade > usual + 30 for shade in shades(path, frames="events", total=3)]

    assert sum(bright) == 1


def test_a_turn_has_its_own_frames(tmp_path):
    greys = range(20, 220, 2)
    path = write_video(tmp_path / "v.mp4", flat(*greys), rate=10)

    found = shades(path, Stretch(4.0, 4.5))

    assert found == pytest.approx([100, 102, 104, 106, 108], abs=3)
    assert read(path, Stretch(4.0, 4.5)).n_frames == 5


def test_times_count_from_the_first_frame(tmp_path):
    path = write_video(tmp_path / "v.mkv", flat(*range(0, 200, 10)), first_pts=100)

    assert shades(path, Stretch(0.0, 0.05)) == pytest.approx([0, 10], abs=3)


def test_one_frame_is_seen(tmp_path):
    path = write_video(tmp_path / "v.mp4", flat(99))

    assert shades(path, frames="events", total=6) == pytest.approx([99], abs=3)


def test_of_a_truncated_video_the_frames_before_the_end_are_seen(tmp_path, moving):
    # Matroska can be read up to where it ends.
    path = write_video(tmp_path / "v.mkv", wall(bursts(160, [40, 110])))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    assert 20 < read(path).n_frames < 140


def test_of_a_video_damaged_in_the_middle_the_frames_before_are_seen(tmp_path, moving):
    data = bytearray(moving.read_bytes())
    third, half = len(data) // 3, len(data) // 2
    data[third:half] = bytes(half - third)
    path = tmp_path / "v.mp4"
    path.write_bytes(data)

    found = read(path)

    assert found.is_cut
    assert 10 < found.n_frames < 130
    assert pictures.look_at(str(path), ALL, Sampling("events", 6)).is_cut
    assert not read(moving).is_cut


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("v.mp4", lambda whole: whole[:-400], "damaged_video"),
        ("v.mp4", lambda whole: b"", "damaged_video"),
        ("v.mp4", lambda whole: b"not a video at all", "damaged_video"),
        ("v.mp4", lambda whole: bytes(9999), "damaged_video"),
        ("p.png", lambda whole: b"\x89PNG\r\n\x1a\n" + b"x" * 99, "damaged_picture"),
    ],
)
def test_what_is_damaged_has_a_reason(tmp_path, moving, name, make, reason):
    path = tmp_path / name
    path.write_bytes(make(moving.read_bytes()))

    with pytest.raises(UnmeasuredError) as raised:
        shades(path)

    assert raised.value.reason == reason
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_sound_alone_is_no_video(tmp_path):
    import wave

    path = tmp_path / "s.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))

    with pytest.raises(UnmeasuredError, match="no video in it") as raised:
        shades(path)

    assert raised.value.reason == "no_video"


def test_a_stretch_behind_the_end_has_no_frames(moving):
    with pytest.raises(UnmeasuredError) as raised:
        shades(moving, Stretch(60.0, 62.0))

    assert raised.value.reason == "no_frames"


def test_a_file_that_is_not_there_has_a_reason(tmp_path):
    with pytest.raises(UnmeasuredError) as raised:
        shades(tmp_path / "none.png")

    assert raised.value.reason == "unreadable_file"


def test_a_playlist_opens_no_other_file(tmp_path, moving):
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", f"file://{moving}")
    path = tmp_path / "list.m3u8"
    path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))

    with pytest.raises(UnmeasuredError):
        shades(path)


def test_a_picture_is_seen_as_a_person_sees_it(tmp_path):
    from PIL import Image

    upright = Image.new("RGB", (4, 8), "white")
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned.save(tmp_path / "p.jpg", exif=exif)

    (picture,) = pictures.look_at(
        str(tmp_path / "p.jpg"), ALL, Sampling("events", 6)
    ).pictures

    assert picture.size == (4, 8)
    assert picture.mode == "RGB"


def test_a_picture_of_too_many_pixels_is_not_unpacked(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("L", (64, 64)).save(tmp_path / "p.png")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 64 * 64 - 1)

    with pytest.raises(UnmeasuredError, match="make it smaller"):
        shades(tmp_path / "p.png")


def test_a_longer_video_takes_no_more_memory(tmp_path):
    peaks_of = []
    for number in (20, 80):
        path = write_video(tmp_path / f"{number}.mp4", flat(*range(number), size=64))
        with open(path, "rb") as file:
            data = io.BytesIO(file.read())
        read(path)  # what is imported and kept once is not of one video
        tracemalloc.start()
        course(data, "v", ALL)
        peaks_of.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks_of[1] < 1.5 * peaks_of[0]
