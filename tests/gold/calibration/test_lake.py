import json
from pathlib import Path

import numpy as np
import pytest

from affectflow.errors import LakeError, UsageError
from affectflow.gold.calibration.kept import FOLDER, kept, newest
from affectflow.gold.evaluation.evaluate import evaluate_lake
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.calibrate import apply, calibrate
from tests.given.calibration_lakes import (
    ANNOTATOR,
    ScoresHandler,
    annotate,
    answer,
    full,
    labelled,
    make,
    texts,
)
from tests.given.factories import utterances
from tests.given.fake_model import FakeHandler
from tests.given.people import people_say
from tests.given.stage_runs import ask, counts, reconciles, store

pytestmark = pytest.mark.rotated


def test_probabilities_are_filled_from_the_curve_and_name_it(lake):
    before = labelled(lake)

    ((calibration, rows),) = calibrate(lake)

    (label,) = calibration.labels
    assert (label.label, label.n, label.conversations) == ("annoyance", 120, 60)
    after = labelled(lake)
    assert [row[:6] for row in after] == [row[:6] for row in before]
    scores = {r[2]: r[3:] for r in after if r[:2] == (ANNOTATOR, "test:99")}
    # Nobody answered for `neutral`.
    assert scores["neutral"][3:] == (None, None)
    annoyed = [r for r in after if r[0] == ANNOTATOR and r[2] == "annoyance"]
    expected = label.curve.probabilities(np.array([row[3] for row in annoyed]))
    assert [row[6] for row in annoyed] == pytest.approx(expected, abs=1e-6)
    assert {row[7] for row in annoyed} == {calibration.calibration_id}
    assert [counts(row) for row in rows] == [{}, {"in": 120, "out": 120}]
    assert reconciles(rows[1])
    assert rows[1]["model_calls"] == 0


def test_a_calibration_is_kept_and_measured(lake):
    ((calibration, _),) = calibrate(lake)

    opened = Lake.open(lake)
    assert kept(opened, calibration.calibration_id) == calibration
    assert newest(opened, ANNOTATOR) == calibration
    (label,) = calibration.labels
    found = ask(
        lake,
        "SELECT unit_id, label, value, low, high, n, fitted_on FROM measures "
        "WHERE kind = 'calibration' AND unit_type = 'annotator'",
    )
    assert found == [
        (ANNOTATOR, "annoyance", *label.figures.skill, 120, calibration.fitted_on)
    ]


@pytest.mark.rotated
def test_the_same_answers_give_the_same_calibration_and_change_nothing(lake):
    ((first, _),) = calibrate(lake)
    before, files = labelled(lake), Lake.open(lake).committed("annotations")

    ((second, rows),) = calibrate(lake)

    assert second == first
    assert counts(rows[1]) == {"in": 120, "unchanged": 120}
    assert labelled(lake) == before
    assert Lake.open(lake).committed("annotations") == files
    assert len(Lake.open(lake).storage.names(FOLDER)) == 1


@pytest.mark.rotated
def test_other_answers_give_another_calibration_and_the_older_stays(lake):
    ((first, _),) = calibrate(lake)
    answer(lake, seed=2)

    ((second, _),) = calibrate(lake)

    assert second.calibration_id != first.calibration_id
    assert newest(Lake.open(lake), ANNOTATOR) == second
    assert kept(Lake.open(lake), first.calibration_id) == first
    used = ask(lake, "SELECT DISTINCT calibration_id FROM annotations ORDER BY 1")
    assert used == [(second.calibration_id,), (None,)]
    measured = ask(lake, "SELECT fitted_on FROM measures WHERE kind = 'calibration'")
    assert measured == [(second.fitted_on,)]


def test_calibrating_makes_no_annotator_look_better_on_the_same_answers(lake):
    before = evaluate_lake(lake, "emotion", draws=0)

    calibrate(lake)

    after = evaluate_lake(lake, "emotion", draws=0)
    assert after.rows == before.rows
    assert "held-out skill is what `affectflow calibrate` printed" in after.notes[0]


def test_calibrating_changes_no_answer(lake):
    before = digest(lake)

    calibrate(lake)

    assert digest(lake) == before


def test_other_annotators_stay_untouched(lake):
    annotate(lake, FakeHandler())
    query = (
        "SELECT * EXCLUDE (raw) FROM annotations WHERE annotator_id = 'fake@1' "
        "ORDER BY ALL"
    )
    others = {p for p in Lake.open(lake).committed("annotations") if "fake" in p}
    before = ask(lake, query)

    calibrate(lake, annotator_id=ANNOTATOR)

    assert ask(lake, query) == before
    assert others <= set(Lake.open(lake).committed("annotations"))


def test_silence_is_no_low_score(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, [*texts(), *["silence"] * 50])
    annotate(uri)
    answer(uri)

    ((calibration, _),) = calibrate(uri)

    assert calibration.labels[0].n == 120


def test_a_family_is_measured_and_no_row_gets_its_probability(lake):
    rows = ask(lake, "SELECT utterance_id, text FROM utterances ORDER BY 1")
    people_say(
        lake,
        [
            {
                "utterance_id": utterance_id,
                "vocabulary": "irritation",
                "label": "irritation",
                "chosen": float(text.split()[1]) > 0.4,
            }
            for utterance_id, text in rows
        ],
    )

    ((calibration, _),) = calibrate(lake)

    own, family = calibration.labels
    assert (own.label, own.parts) == ("annoyance", ())
    assert (family.label, family.parts) == (
        "irritation",
        ("anger", "annoyance", "disappointment"),
    )
    assert family.figures.skill.low > 0.5
    filled = "SELECT DISTINCT label FROM annotations WHERE probability IS NOT NULL"
    assert ask(lake, filled) == [("annoyance",)]


# -- what cannot be done -----------------------------------------------------------


def test_without_answers_it_says_how_to_get_some(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, texts(10))
    annotate(uri)

    with pytest.raises(
        LakeError, match=r"no labels by people.*affectflow sample.*affectflow gold"
    ):
        calibrate(uri)


@pytest.mark.rotated
def test_without_a_model_it_says_to_annotate(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, texts(10))
    answer(uri)

    with pytest.raises(LakeError, match=r"no model annotated.*affectflow annotate"):
        calibrate(uri)


@pytest.mark.rotated
def test_too_few_answers_for_every_label_name_the_nearest(tmp_path):
    uri = full(tmp_path, n=12)

    with pytest.raises(
        UsageError, match=r"too few.*'annoyance'.*10 are needed.*sample"
    ):
        calibrate(uri)

    assert ask(uri, "SELECT 1 FROM runs WHERE stage = 'calibrate'") == []


@pytest.mark.rotated
def test_answers_for_what_was_not_scored_are_of_no_use(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, texts(20))
    answer(uri)
    store(uri, utterances("annoying 0.5", utterance_id="test:late", origin="l#1"))
    annotate(uri, OnlyLate())

    with pytest.raises(
        UsageError, match=r"emotion/goemotions.*scored none of those labels"
    ):
        calibrate(uri)


class OnlyLate(ScoresHandler):
    """Has nothing to say of the first messages."""

    def _answer(self, text):
        return super()._answer(text if text == "annoying 0.5" else "silence")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("person:ann", "'person:ann' is a person"),
        ("nobody@1", r"no annotator 'nobody@1'.*scores@1"),
    ],
)
def test_only_a_model_of_the_lake_can_be_calibrated(lake, name, said):
    with pytest.raises(UsageError, match=said):
        calibrate(lake, annotator_id=name)


def test_there_is_nothing_to_apply_before_a_fit(lake):
    with pytest.raises(
        LakeError, match=r"no calibration to apply.*affectflow calibrate"
    ):
        apply(lake)


@pytest.mark.rotated
def test_a_damaged_calibration_names_its_file(lake):
    ((calibration, _),) = calibrate(lake)
    path = Path(lake) / FOLDER / f"{calibration.calibration_id}.json"
    path.write_text(json.dumps({"format": 1, "labels": []}))

    with pytest.raises(LakeError, match=f"{calibration.calibration_id}.*damaged"):
        apply(lake)


@pytest.mark.parametrize("name", ["../../etc/passwd", "0" * 16])
def test_a_calibration_that_is_not_there_is_no_path(lake, name):
    with pytest.raises(LakeError, match="has no calibration"):
        kept(Lake.open(lake), name)
