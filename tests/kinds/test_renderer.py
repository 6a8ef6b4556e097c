import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.tracks import TRACKS, TURNS
from affectflow.kinds.renderer import Track, tracks_of
from tests.given.loudness import RenderLoudness


def track(*values: float) -> Track:
    times = np.arange(len(values)) / 2
    return Track("dB", times, np.array(values), np.full(len(values), np.nan))


def test_what_is_worth_a_phrase_becomes_a_cue_with_its_time_and_value() -> None:
    loud = RenderLoudness(loud=70)

    (cue,) = loud.rows("u1", track(60.0, 80, 84))

    assert cue == {
        "utterance_id": "u1",
        "modality": "series",
        "cue": "loudness",
        "phrase": "shouting angrily",
        "value": 80.0,
        "unit": "dB",
        "start_s": 0.0,
        "end_s": 1.0,
        "renderer_id": loud.id,
    }


def test_what_decides_cues_is_in_the_id() -> None:
    options = [{"loud": 70}, {"loud": 71}, {"tracks": "a/*.csv"}]
    ids = {RenderLoudness(**each).id for each in options}

    assert len(ids) == 3
    assert all(each.startswith("loudness@1+") for each in ids)


def test_a_turn_has_what_was_measured_while_its_speaker_spoke() -> None:
    rows = [
        ("dB", None, 0, 10, 1.0),
        ("dB", None, 10, 20, 2.0),
        ("dB", "ann", 12, 14, 3.0),
        ("dB", "bob", 12, 14, 4.0),
        ("Hz", None, 19, 30, None),
        ("dB", None, 20, 30, 5.0),
    ]
    names = ("channel", "speaker", "start_us", "end_us", "value")
    tracks = pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], schema=TRACKS
    )
    turn = {"utterance_id": "u", "speaker_id": "ann", "start_us": 10, "end_us": 20}
    turns = pa.Table.from_pylist([turn], schema=TURNS)

    ((_, during),) = tracks_of(turns, tracks)
    found = {each.channel: each.values.tolist() for each in during}

    assert found["dB"] == [2.0, 3.0]
    assert np.isnan(found["Hz"]).all()


@given(measured=st.binary(max_size=24), spoken=st.binary(max_size=12))
def test_a_turn_has_all_that_overlaps_it_and_nothing_else(
    measured: bytes, spoken: bytes
) -> None:
    of_tracks = spans(measured, longest=60)
    tracks = tracks_at(of_tracks)
    turns = turns_at(spans(spoken, longest=9))

    found = {
        name: [value for track in during for value in track.values]
        for name, during in tracks_of(turns, tracks)
    }

    for turn in turns.to_pylist():
        expected = [
            float(value)
            for value, (start, end) in enumerate(of_tracks)
            if max(start, turn["start_us"]) < min(end, turn["end_us"])
        ]
        assert sorted(found[turn["utterance_id"]]) == expected


def spans(drawn: bytes, longest: int) -> list[tuple[int, int]]:
    """Returns a span for every two bytes: one draw is cheaper than one a number."""
    pairs = zip(drawn[::2], drawn[1::2], strict=False)
    starts_lengths = [(start % 51, length % (longest + 1)) for start, length in pairs]
    return [(start, start + length) for start, length in starts_lengths]


def tracks_at(spans: list[tuple[int, int]]) -> pa.Table:
    rows = [
        {"channel": "dB", "start_us": start, "end_us": end, "value": float(value)}
        for value, (start, end) in enumerate(spans)
    ]
    return pa.Table.from_pylist(rows, schema=TRACKS)


def turns_at(spans: list[tuple[int, int]]) -> pa.Table:
    rows = [
        {"utterance_id": f"u{at}", "start_us": start, "end_us": end}
        for at, (start, end) in enumerate(spans)
    ]
    return pa.Table.from_pylist(rows, schema=TURNS)
