"""A lake's annotators against the people who labelled in it."""

import shutil

import pytest

from affectflow.batches.states import EVERYTHING
from affectflow.errors import LakeError, UsageError
from affectflow.gold.calibration.curves import Curve
from affectflow.gold.calibration.kept import Calibration, LabelCalibration, keep
from affectflow.gold.evaluation.evaluate import evaluate_lake
from affectflow.lake import Lake
from tests.given.factories import utterances
from tests.given.people import add_rows, people_say
from tests.given.stage_runs import store

pytestmark = pytest.mark.rotated

MODEL = "model@1"
N = 24


def told(number: int, label: str, *, chosen=True, score=0.9, **rest) -> dict:
    return {
        "utterance_id": f"test:{number}",
        "annotator_id": MODEL,
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": score,
        "chosen": chosen,
        "status": "ok",
        **rest,
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> str:
    """A lake of 24 utterances, in 12 conversations, of which a model labelled 22."""
    uri = str(tmp_path_factory.mktemp("template") / "lake")
    store(
        uri,
        utterances(
            *(f"text {number} " * (1 + number) for number in range(N)),
            conversation_id=[f"test:c{number // 2}" for number in range(N)],
            kind=["issue" if number < 12 else "comment" for number in range(N)],
        ),
    )
    rows = []
    for number in range(N - 2):
        angry = number % 3 == 0
        rows.append(
            told(number, "annoyance", chosen=angry, score=0.8 if angry else 0.2)
        )
    for number in (N - 2, N - 1):
        rows.append(told(number, None, chosen=False, score=None) | NO_ENGLISH)
    add_rows(uri, "annotations", rows)
    add_rows(uri, "annotators", [{"annotator_id": MODEL, "kind": "model"}])
    return uri


@pytest.fixture
def lake(template, tmp_path) -> str:
    """A copy of the template, to add answers of people to."""
    return shutil.copytree(template, str(tmp_path / "lake"))


NO_ENGLISH = {"status": "unsupported_language"}


def people_on(label: str, yes, numbers=range(N), **rest) -> list[dict]:
    return [
        {
            "utterance_id": f"test:{number}",
            "label": label,
            "chosen": number in yes,
            **rest,
        }
        for number in numbers
    ]


def the_one(found, label, group=EVERYTHING) -> dict:
    (row,) = (r for r in found.rows if (r["label"], r["group"]) == (label, group))
    return row


def test_a_model_is_compared_with_people_where_it_answered(lake):
    # The model chose 0, 3, ..., 21: eight. People say yes to six of these and to 1.
    people_say(lake, people_on("annoyance", {0, 3, 6, 9, 12, 15, 1}))

    found = evaluate_lake(lake, "emotion", draws=50)

    row = the_one(found, "annoyance")
    assert (row["annotator_id"], row["n"], row["positives"]) == (MODEL, 22, 7)
    assert (row["precision"], row["recall"]) == (6 / 8, pytest.approx(6 / 7))
    assert row["precision_low"] < row["precision"] < row["precision_high"]
    assert any("answered 22 of the 24 utterances" in note for note in found.notes)


@pytest.mark.rotated
def test_a_label_that_is_not_stored_is_not_chosen_and_has_the_lowest_score(lake):
    people_say(lake, people_on("joy", {4}))
    add_rows(lake, "annotations", [told(4, "joy", score=0.6)])

    row = the_one(evaluate_lake(lake, "emotion", draws=0), "joy")

    assert (row["n"], row["precision"], row["recall"], row["auc"]) == (22, 1, 1, 1)
    assert row["brier"] == pytest.approx(0.16 / 22)


def test_an_annotator_without_scores_has_choices_only(lake):
    people_say(lake, people_on("joy", {4}))
    prompt = {"annotator_id": "prompt@1", "score": None}
    add_rows(lake, "annotations", [told(n, "joy") | prompt for n in (4, 5)])
    add_rows(lake, "annotators", [{"annotator_id": "prompt@1", "kind": "prompt"}])

    row = the_one(evaluate_lake(lake, "emotion", annotator="prompt@1", draws=0), "joy")

    assert (row["n"], row["precision"], row["auc"]) == (2, 0.5, None)
    assert "not every answer has a score" in row["why"]


def test_finer_labels_of_a_model_fold_to_what_people_were_asked(lake):
    people_say(lake, people_on("irritation", {0, 3}, vocabulary="irritation"))

    row = the_one(evaluate_lake(lake, "irritation", draws=0), "irritation")

    assert (row["vocabulary"], row["precision"], row["recall"]) == (
        "irritation",
        2 / 8,
        1,
    )


@pytest.mark.rotated
def test_the_majority_of_people_decides_and_a_tie_is_left_out(lake):
    for rater, yes in (("ann", {0, 1}), ("bo", {0}), ("cy", {0, 1, 2})):
        people_say(lake, people_on("annoyance", yes, range(3), rater=rater))
    for rater, yes in (("ann", {3}), ("bo", set())):
        people_say(lake, people_on("annoyance", yes, range(3, 4), rater=rater))

    found = evaluate_lake(lake, "emotion", draws=0)

    row = the_one(found, "annoyance")
    assert (row["n"], row["positives"]) == (3, 2)  # 0: 3 of 3; 1: 2 of 3; 2: 1 of 3
    assert any(
        "1 answer left out: people were split evenly" in note for note in found.notes
    )


@pytest.mark.rotated
def test_a_tie_over_a_label_that_is_not_compared_is_not_counted(lake):
    for rater, yes in (("ann", {0}), ("bo", set())):
        people_say(lake, people_on("annoyance", {0}, range(3), rater=rater))
        people_say(lake, people_on("joy", yes, range(3), rater=rater))

    found = evaluate_lake(lake, "annoyance", draws=0)

    assert not any("left out" in note for note in found.notes)


def test_ties_are_told_once_however_many_vocabularies_meet(lake):
    for rater, yes in (("ann", {0, 3}), ("bo", {0})):
        people_say(lake, people_on("anger", yes, vocabulary="ekman", rater=rater))
    other = {"annotator_id": "other@1", "vocabulary": "ekman"}
    add_rows(lake, "annotations", [told(0, "anger") | other])
    add_rows(lake, "annotators", [{"annotator_id": "other@1", "kind": "model"}])

    found = evaluate_lake(lake, "emotion", draws=0)

    assert {row["annotator_id"] for row in found.rows} == {MODEL, "other@1"}
    assert sum("left out" in note for note in found.notes) == 1


def drawn(lake, numbers) -> dict:
    """Keeps a sample of these utterances; returns what answers to it have besides."""
    add_rows(
        lake,
        "measures",
        [
            {"kind": "inclusion", "unit_id": f"test:{n}", "label": "s-1", "value": 0.5}
            for n in numbers
        ],
    )
    return {"sample_id": "s-1"}


def test_beside_a_sample_answers_of_none_are_left_out_and_counted(lake):
    of_sample = drawn(lake, range(10))
    people_say(lake, people_on("annoyance", {0, 1}, range(10), **of_sample))
    people_say(lake, people_on("annoyance", {12, 15, 18}, range(12, 20)))

    found = evaluate_lake(lake, "emotion", draws=0)

    row = the_one(found, "annoyance")
    assert (row["n"], row["positives"]) == (10, 2)
    assert "8 answers to annoyance left out: they are not from a random sample" in str(
        found.notes
    )


def test_who_abstained_does_not_count(lake):
    people_say(lake, people_on("annoyance", {0}, range(2)))
    unsure = people_on("annoyance", set(), range(2, 9), status="abstained")
    people_say(lake, unsure)

    assert the_one(evaluate_lake(lake, "emotion", draws=0), "annoyance")["n"] == 2


# -- scores or probabilities -----------------------------------------------------------


def calibrated(lake) -> dict:
    """Keeps a calibration of joy; returns what a row that it filled has besides."""
    joy = LabelCalibration(
        task="emotion",
        vocabulary="goemotions",
        label="joy",
        n=20,
        positives=10,
        conversations=10,
        curve=Curve(method="stored", parameters={"rate": (0.5,)}, unstored=0.125),
    )
    found = Calibration(annotator_id=MODEL, fitted_on="gold-1", labels=(joy,))
    keep(Lake.open(lake), found)
    return {"probability": 0.5, "calibration_id": found.calibration_id}


def joyful(lake, rest: dict) -> None:
    """Lets the model find joy in 4 and in 5, and people in 4 alone of 4 to 7."""
    people_say(lake, people_on("joy", {4}, range(4, 8), vocabulary="ekman"))
    add_rows(lake, "annotations", [told(n, "joy", score=0.75, **rest) for n in (4, 5)])


def test_probabilities_take_the_place_of_scores_and_of_what_is_not_stored(lake):
    joyful(lake, calibrated(lake))

    found = evaluate_lake(lake, "emotion", draws=0)

    # Found in 4 and 5: off by 0.5 each; not stored in 6 and 7: off by 0.125 each.
    assert the_one(found, "joy")["brier"] == pytest.approx(0.53125 / 4)
    assert found.notes[-1].endswith("; its scores are calibrated probabilities")


def test_probabilities_of_another_lake_take_the_place_of_stored_scores(lake):
    joyful(lake, {"probability": 0.5, "calibration_id": "0123456789abcdef"})

    row = the_one(evaluate_lake(lake, "emotion", draws=0), "joy")

    assert row["brier"] == pytest.approx((0.25 + 0.25) / 4)


def test_probabilities_are_not_scored_on_answers_that_they_were_fitted_to(lake):
    rest = calibrated(lake)
    people_say(lake, people_on("joy", {4}, range(4, 6)))
    add_rows(lake, "annotations", [told(n, "joy", score=0.75, **rest) for n in (4, 5)])

    found = evaluate_lake(lake, "emotion", draws=0)

    assert the_one(found, "joy")["brier"] == pytest.approx((0.0625 + 0.5625) / 2)
    assert "fitted on the answers compared here" in found.notes[-1]
    assert "what `affectflow calibrate` printed (`measures`" in found.notes[-1]


def test_labels_with_probabilities_are_named_if_others_have_none(lake):
    joyful(lake, calibrated(lake))
    people_say(lake, people_on("anger", {4}, range(4, 8), vocabulary="ekman"))

    notes = evaluate_lake(lake, "emotion", draws=0).notes

    assert notes[-1].endswith("probabilities for joy, and raw for the others")


def test_labels_that_fold_to_one_have_probabilities_together_or_not_at_all(lake):
    joyful(lake, calibrated(lake))
    add_rows(lake, "annotations", [told(6, "amusement", chosen=False, score=0.5)])

    found = evaluate_lake(lake, "emotion", draws=0)

    expected = (0.0625 + 0.5625 + 0.25) / 4
    assert the_one(found, "joy")["brier"] == pytest.approx(expected)
    assert found.notes[-1].endswith("its scores are raw, not calibrated")


# -- slices ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("kind", {"issue": 12, "comment": 10}),
        ("speaker_role", {"(unknown)": 22}),
        ("length", {"1: under 50 characters": 7, "2: 50 to 199 characters": 15}),
    ],
    ids=["kind", "unknown", "length"],
)
def test_slices_stand_beside_the_whole(lake, by, groups):
    people_say(lake, people_on("annoyance", {0}))

    rows = evaluate_lake(lake, "emotion", by=by, draws=0).rows

    sizes = {row["group"]: row["n"] for row in rows if row["label"] == "annoyance"}
    assert sizes == {EVERYTHING: 22, **groups}


def test_values_are_compared_with_the_mean_of_people(lake):
    for rater, shift in (("ann", 0.1), ("bo", -0.1)):
        people_say(
            lake,
            [
                {
                    "utterance_id": f"test:{number}",
                    "task": "valence",
                    "vocabulary": "vad",
                    "label": "valence",
                    "rater": rater,
                    "value": number / N + shift,
                }
                for number in range(N)
            ],
        )
    scale = {"task": "vad", "vocabulary": "vad", "score": None}
    rows = [told(n, "valence", value=n / N) | scale for n in range(N)]
    add_rows(lake, "annotations", rows)

    row = the_one(evaluate_lake(lake, "valence", draws=0), "valence")

    assert row["n"] == N
    assert (row["pearson"], row["rmse"]) == pytest.approx((1, 0), abs=1e-6)


def test_beside_a_sample_values_of_none_are_left_out_and_counted(lake):
    scale = {"task": "valence", "vocabulary": "vad", "value": 0.5}
    people_say(
        lake, people_on("valence", (), range(10), **scale, **drawn(lake, [0, 1]))
    )
    scored = {"task": "vad", "vocabulary": "vad", "value": 0.5}
    add_rows(lake, "annotations", [told(n, "valence") | scored for n in range(N)])

    found = evaluate_lake(lake, "valence", draws=0)

    assert the_one(found, "valence")["n"] == 2
    assert "8 answers to valence left out" in str(found.notes)


def test_a_lake_without_people_names_the_commands_that_bring_them(lake):
    with pytest.raises(LakeError, match=r"affectflow sample.*affectflow gold"):
        evaluate_lake(lake, "emotion")


def test_a_lake_without_values_of_people_says_so(lake):
    with pytest.raises(LakeError, match="affectflow sample --task arousal"):
        evaluate_lake(lake, "arousal")


BAD = {
    "no-such-column": ({"by": "colour"}, "no column 'colour' in utterances; --by is"),
    "people": ({"by": "speaker_id"}, "would show individuals"),
    "annotator": ({"annotator": "nobody"}, "no annotator 'nobody'.*known: 'model@1'$"),
    "person": (
        {"annotator": "person:ann"},
        "'person:ann' is a person, .* name a model with --annotator: model@1$",
    ),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_a_bad_option_is_refused_in_one_line_with_the_cure(lake, options, message):
    people_say(lake, people_on("annoyance", {0}))

    with pytest.raises(UsageError, match=message):
        evaluate_lake(lake, "emotion", **options)


def test_people_who_were_asked_something_else_are_named(lake):
    people_say(lake, people_on("annoyance", {0}))

    with pytest.raises(LakeError, match=r"people labelled emotion \(goemotions\)"):
        evaluate_lake(lake, "frustration")


def test_a_lake_that_nobody_labelled_is_answered_with_the_commands_to_do_so(lake):
    with pytest.raises(
        LakeError, match=r"no messages .* labelled by people yet; .*affectflow sample"
    ):
        evaluate_lake(lake, "frustration")


def test_a_model_that_does_not_say_what_people_were_asked_is_an_error(lake):
    frustrated = {"task": "frustration", "vocabulary": "frustration"}
    people_say(lake, people_on("frustration", {0}, **frustrated))

    with pytest.raises(LakeError, match="run `affectflow annotate` with a model"):
        evaluate_lake(lake, "frustration")
