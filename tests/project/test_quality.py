"""docs/quality.md is current, and labels change only by what a commit says."""

import importlib.util
import json
import re

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from tests.conftest import required
from tests.given import fitted_classifier
from tests.quality import datasets, embedded, frozen, frustration, measuring
from tests.quality.measuring import Column
from tests.quality.page import PAGE, page

NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?")
UPDATE = 'python -m tests.quality.frozen --because "..." writes the labels of today'


@pytest.fixture(scope="module")
def own():
    return frozen.answers_of(dict(frozen.own_texts()))


def test_labels_of_our_texts_change_only_by_what_the_commit_says(own):
    changed = frozen.changes(frozen.frozen()["answers"], own)

    assert len(changed) <= frozen.ALLOWED, "\n".join([*changed, UPDATE])


def test_scores_of_our_texts_stay_where_they_are(own):
    moved = frozen.moved(frozen.frozen()["answers"], own)

    assert not moved, "\n".join([*moved, UPDATE])


def test_labels_of_reddit_comments_change_only_by_what_the_commit_says(shared_data):
    now = frozen.answers_of(dict(frozen.reddit_texts(shared_data)))
    changed = frozen.changes(frozen.frozen()["answers"], now)

    assert len(now) == frozen.FROM_REDDIT
    assert len(changed) <= frozen.ALLOWED, "\n".join([*changed, UPDATE])


def test_the_frozen_sample_holds_hundreds_of_texts_and_says_why_it_changed(own):
    written = frozen.frozen()

    assert len(own) > 400
    assert len(written["answers"]) == len(own) + frozen.FROM_REDDIT
    assert all(line["because"] and line["of"] for line in written["history"])
    labels = {name for each in own.values() for name in each["labels"]}
    assert len(labels) >= 20


def answer(**labels) -> dict:
    return {"answered": True, "labels": labels, "frustration": 0.1}


CHANGES = {
    "a-label-more": (answer(joy=0.5), answer(joy=0.5, love=0.2), "joy -> joy, love"),
    "a-label-less": (answer(joy=0.5), answer(), "joy -> none"),
    "silent-now": (answer(), answer() | {"answered": False}, "True -> False"),
}


@pytest.mark.parametrize(("old", "new", "said"), CHANGES.values(), ids=CHANGES)
def test_a_changed_answer_is_named(old, new, said):
    (line,) = frozen.changes({"a": old}, {"a": new})

    assert line.startswith("a: ")
    assert said in line


def test_a_moved_score_is_no_changed_answer():
    old, new = {"a": answer(joy=0.5)}, {"a": answer(joy=0.6)}

    assert frozen.changes(old, new) == []
    assert len(frozen.moved(old, new)) == 1


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(frozen, "FILE", tmp_path / "frozen.json")
    monkeypatch.setattr(frozen, "own_texts", lambda: [("own:1", "Thank you so much!")])
    monkeypatch.setattr(frozen, "reddit_texts", lambda data: [])

    assert frozen.write("first") == ["own:1: new"]
    assert frozen.write("again") == []
    written = json.loads(frozen.FILE.read_text())
    assert [line["changed"] for line in written["history"]] == [1, 0]
    assert "gratitude" in written["answers"]["own:1"]["labels"]


@pytest.mark.rotated
def test_scores_of_frustration_are_of_the_weights_in_the_package(shared_data):
    given = datasets.heated_threads(shared_data)

    assert frustration.staleness(given) < frustration.CURRENT_WITHIN, (
        frustration.__doc__
    )


@pytest.mark.proof
def test_the_page_on_quality_is_current(shared_data):
    if importlib.util.find_spec("vaderSentiment") is None:
        required("vader", "install the group dev: make test does")
    if not fitted_classifier.is_installed():
        required("torch", "EmbeddedEncoder needs it: make test EXTRAS=torch")
    written, now = PAGE.read_text(encoding="utf-8"), page(shared_data)

    # Another processor or library may round the last digit otherwise.
    assert NUMBER.sub("#", written) == NUMBER.sub("#", now), "python -m tests.quality"
    numbers = [list(map(float, NUMBER.findall(text))) for text in (written, now)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.011), "python -m tests.quality"


# -- the figures of the page -------------------------------------------------------


@pytest.fixture(scope="module")
def joy(shared_data):
    given = datasets.goemotions_dev(shared_data)
    told = embedded.answers(given.texts)
    return Column(
        label="joy",
        truth=given.truth["joy"],
        scores=told.scores["joy"],
        chosen=told.chosen["joy"],
        units=given.units,
    )


def test_figures_of_the_page_are_those_of_scikit_learn(joy):
    (row,) = measuring.figures([joy])

    assert row["f1_low"] < row["f1"] < row["f1_high"]
    assert row["f1"] == pytest.approx(f1_score(joy.truth, joy.chosen))
    assert row["auc"] == pytest.approx(roc_auc_score(joy.truth, joy.scores), abs=1e-4)


def test_reliability_counts_every_answer_once(joy):
    rows = measuring.reliability([joy])

    assert sum(n for _, n, _, _ in rows) == len(joy.truth)
    assert sum(n * share for _, n, _, share in rows) == pytest.approx(joy.truth.sum())
    assert all(
        float(band.split(" to ")[0]) <= mean <= float(band.split(" to ")[1])
        for band, _, mean, _ in rows
    )


@pytest.mark.rotated
def test_values_have_figures_with_intervals(joy):
    row = measuring.value_figures("joy", joy.truth * 1.0, joy.scores, joy.units)

    assert row["pearson"] == pytest.approx(np.corrcoef(joy.truth, joy.scores)[0, 1])
    assert row["ccc_low"] < row["ccc"] < row["ccc_high"]


def test_a_score_is_no_better_than_itself_and_better_than_noise(joy):
    noise = np.random.default_rng(0).random(len(joy.truth))
    other = Column(
        label="noise",
        truth=joy.truth,
        scores=noise,
        chosen=noise > 0.5,
        units=joy.units,
    )

    assert measuring.auc_difference(joy, joy) == (0, 0, 0)
    value, low, high = measuring.auc_difference(joy, other)
    expected = roc_auc_score(joy.truth, joy.scores) - roc_auc_score(joy.truth, noise)
    assert value == pytest.approx(expected, abs=1e-4)
    assert 0.3 < low < value < high
