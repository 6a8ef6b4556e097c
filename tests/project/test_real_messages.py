"""Real messages that are labelled for measuring: drawn as told, and all of them."""

from collections import Counter

import pytest

from tests.quality.real import reading, sampling
from tests.quality.real.__main__ import agreement
from tests.quality.real.sampling import BANDS, RANDOM, SAMPLE, Message, drawn


def test_half_is_drawn_at_random_and_half_evenly_over_the_score():
    found = [Message(f"a#{n}", "chat", f"text {n}") for n in range(1000)]

    sample = drawn(found, [n / 1000 for n in range(1000)], {"chat": BANDS})

    by_score = [int(each.id[2:]) // 100 for each, why in sample if why == "score"]
    assert sorted(by_score) == list(range(BANDS))
    assert Counter(why for _, why in sample) == {"random": BANDS, "score": BANDS}


@pytest.mark.parametrize(
    ("file", "counts"),
    [(SAMPLE, RANDOM), (reading.SECOND, {"chat": 100, "issue": 100})],
)
def test_a_sample_is_as_large_as_told_and_both_passes_label_all_of_it(file, counts):
    rows = sampling.sample(file)

    expected = {(d, why): n for d, n in counts.items() for why in ("random", "score")}
    assert Counter((row["domain"], row["drawn"]) for row in rows) == expected
    digests = {row["digest"] for row in rows}
    for number in reading.PASSES:
        assert set(reading.labels(number, file)) == digests


def test_the_second_sample_has_none_of_the_first():
    first, second = sampling.sample(), sampling.sample(reading.SECOND)

    assert not {row["digest"] for row in first} & {row["digest"] for row in second}


@pytest.mark.rotated
def test_the_texts_are_those_that_were_labelled_and_causes_lie_in_them(shared_data):
    for message in reading.sampled(shared_data):
        for number in reading.PASSES:
            start, end = reading.labels(number)[message.digest]["cause"] or (0, 1)
            assert message.text[start:end].strip() == message.text[start:end] != ""


@pytest.mark.parametrize("file", [SAMPLE, reading.SECOND])
def test_the_page_says_how_far_the_passes_agree(file):
    page = (reading.FOLDER / "README.md").read_text(encoding="utf-8")

    for line in agreement(file):
        flag, _, said = line.partition(":")
        assert f"{flag} {said.rpartition(' ')[2].removeprefix('0')}" in page
