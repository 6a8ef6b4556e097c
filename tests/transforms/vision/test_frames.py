"""Row 2 of the literature: the frames around what happens in a video."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow_transforms.vision.frames import (
    Sampling,
    events,
    peaks,
    sampling_of,
    uniform,
)

FRAMES = 300


def bumps(*centres, sigma=10.0, frames=FRAMES):
    """Returns motion with a Gaussian bump at each of some frames."""
    at = np.arange(frames - 1)
    return sum(
        (np.exp(-((at - c) ** 2) / (2 * sigma**2)) for c in centres),
        np.zeros(frames - 1),
    )


@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        pytest.param(bumps(150), [0, 89, 135, 145, 155, 208], id="in the middle"),
        pytest.param(bumps(270), [0, 89, 178, 255, 265, 275], id="near the end"),
        pytest.param(bumps(60, 240), [0, 45, 60, 149, 225, 240], id="two"),
        pytest.param(bumps(), [0, 50, 100, 150, 200, 250], id="none"),
    ],
)
def test_frames_are_those_that_the_papers_code_takes(motion, expected):
    assert events(motion, 6, "paper") == expected


def test_of_three_events_the_paper_takes_the_frames_before_them():
    motion = bumps(50, 150, 250)

    assert set(events(motion, 6, "paper")) >= {35, 135, 235}
    assert set(events(motion, 6, "centred")) >= {50, 150, 250}


def test_more_events_than_frames_are_looked_at_evenly_or_by_their_strength():
    six = (40, 80, 120, 160, 200, 240)
    motion = bumps(*six, sigma=5) + 0.5 * bumps(120, 240, sigma=5)

    assert peaks(motion).tolist() == list(six)
    assert events(motion, 2, "paper") == uniform(FRAMES, 2)
    assert events(motion, 2, "centred") == [120, 240]


@given(
    centres=st.lists(st.integers(0, FRAMES - 2), max_size=6),
    total=st.integers(1, 12),
    frames=st.integers(1, FRAMES),
    mode=st.sampled_from(["paper", "centred"]),
)
@settings(max_examples=60, deadline=None)
def test_frames_rise_exist_and_are_no_more_than_asked_for(centres, total, frames, mode):
    motion = bumps(*centres, frames=frames)

    chosen = events(motion, total, mode)

    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= min(total, frames)
    assert 0 <= chosen[0] <= chosen[-1] < frames


@given(st.lists(st.integers(0, FRAMES - 2), max_size=5), st.integers(5, 12))
@settings(max_examples=60, deadline=None)
def test_centred_looks_at_every_event(centres, total):
    motion = bumps(*centres)

    chosen = np.array(events(motion, total, "centred"))

    # Five bumps may smooth to no more than five peaks.
    for peak in peaks(motion):
        assert np.abs(chosen - peak).min() <= 5
    assert len(chosen) == total


def test_motion_that_is_nothing_or_no_number_has_no_peak():
    assert peaks(np.zeros(0)).size == 0
    assert peaks(np.full(9, 0.7)).size == 0
    motion = bumps(150)
    motion[20] = np.nan
    assert peaks(motion).tolist() == [150]
    assert events(np.zeros(0), 6) == [0]


def test_the_option_says_how_frames_are_chosen():
    assert sampling_of("events:6") == Sampling("events", 6, "centred")
    assert sampling_of("uniform:1", "paper") == Sampling("uniform", 1, "paper")


@pytest.mark.parametrize("frames", ["", "events", "events:0", "events:x", "all:6"])
def test_another_word_is_refused_in_one_line(frames):
    with pytest.raises(UsageError, match="events:N or uniform:N"):
        sampling_of(frames)


def test_another_mode_is_refused_in_one_line():
    with pytest.raises(UsageError, match="'centred', 'paper'"):
        sampling_of("events:6", "best")
