"""Recordings: files of others, resampling, stretches, and what cannot be read."""

import numpy as np
import pytest

from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.eeg.recordings import channels_of, windows_of
from affectflow_transforms.eeg.train import PUBLISHED
from tests.given.eeg_files import RATE, bursts, write_edf

pytestmark = pytest.mark.eeg


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eeg")
    return str(write_edf(folder / "one.edf", bursts("middle", 5, 0)))


def read(uri, channels=PUBLISHED, rate=RATE, **more):
    return windows_of(uri, channels, rate=rate, size=rate, **more)


def test_an_edf_file_of_others_is_read(shared_data):
    uri = str(shared_data / "nv_eeg" / "edf" / "test_uneven_samp.edf")

    names = channels_of(uri)

    assert names == ["3Hz +5/-5 V", "0.2Hz Blk 1/0uV"]
    # 110 seconds at 100 samples a second.
    assert read(uri, names).shape == (110, 2, RATE)


def test_a_brainvision_file_of_others_is_read(shared_data):
    file = "test_old_layout_latin1_software_filter.vhdr"
    uri = str(shared_data / "nv_eeg" / "brainvision" / file)

    names = channels_of(uri)

    assert (len(names), names[:3]) == (29, ["F7", "F3", "Fz"])
    # 251 samples at 250 a second: one window, and a rest.
    assert read(uri, ["fz", "CPZ"], rate=250).shape == (1, 2, 250)


def test_the_largest_value_of_a_window_is_one(recording):
    found = read(recording)

    assert found.shape == (5, 14, RATE)
    assert np.abs(found).max(axis=(1, 2)) == pytest.approx(np.ones(5))


def test_channels_come_in_the_order_that_is_asked_for(recording):
    there = read(recording, ["O1", "AF3"])
    back = read(recording, ["af3", "o1"])

    assert np.array_equal(there, back[:, ::-1])


def test_a_stretch_is_cut_out_by_its_seconds(recording):
    whole, stretch = read(recording), read(recording, start_s=1, end_s=3)

    assert np.array_equal(stretch, whole[1:3])


def test_another_rate_keeps_what_is_slow(tmp_path):
    """A wave of 11 Hz has its peak there at 128 and at 256 samples a second."""
    fast = write_edf(
        tmp_path / "fast.edf",
        np.repeat(np.sin(2 * np.pi * 11 * np.arange(1024) / 256)[None] * 90, 14, 0),
        rate=256,
    )

    window = read(str(fast))[1, 0]

    assert int(np.abs(np.fft.rfft(window)).argmax()) == 11


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("none.edf", {}, "unreadable_file"),
        ("text.edf", {}, "unreadable_file"),
        ("flat.edf", {}, "too_short"),
        ("short.edf", {"end_s": 0.5}, "too_short"),
        ("short.edf", {"channels": ["Q7"]}, "missing_channel"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, name, options, reason):
    (tmp_path / "text.edf").write_text("no recording", "utf-8")
    write_edf(tmp_path / "flat.edf", np.zeros((14, 2 * RATE)))
    write_edf(tmp_path / "short.edf", bursts("low", 2, 0))

    with pytest.raises(UnmeasuredError) as raised:
        read(str(tmp_path / name), **options)

    assert raised.value.reason == reason
    assert name in str(raised.value)
