"""Row 37 of the literature: how early risk is seen, by published and hand values."""

import csv
import gzip
import hashlib
import math

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people, registry
from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.early_risk import Decisions, EarlyRisk, erde
from affectflow_transforms.measures.ranking import auc
from affectflow_transforms.models.ss3.values import Settings
from affectflow_transforms.models.ss3.words import Words
from tests.given.factories import utterances
from tests.given.people import add_rows, people_say
from tests.given.stage_runs import store


def fitted(rows, **options):
    measure = EarlyRisk(**options)
    names = ("unit", "place", "score", "truth")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    state = measure.add(measure.create(), pa.record_batch(columns))
    found = measure.extract(state).to_pylist()
    return {row["label"]: row for row in found if row["unit_type"]}, measure, state


# A case seen after 5 posts, one that is missed, a false alarm, and a quiet unit.
FOUR = Decisions(
    is_case=np.array([True, True, False, False]),
    seen_at=np.array([5, math.inf, 2, math.inf]),
    times=np.ones(4),
)


@pytest.mark.parametrize(("o", "expected"), [(5, 0.4074), (50, 0.2824)])
def test_erde_is_that_of_the_hand_case(o, expected):
    assert erde(FOUR, o, 0.1296) == pytest.approx(expected, abs=1e-9)


def test_erde_of_a_flag_that_comes_very_late_is_that_of_none():
    late = FOUR._replace(seen_at=np.array([1e6, math.inf, math.inf, math.inf]))

    assert erde(late, 5, 0.1296) == 0.5


# Sums: a 1, 3; b -1, 1; c 2, -3; d -1.
STREAMS = [
    ("a", 1, 1.0, True),
    ("a", 2, 2.0, False),
    ("b", 1, -1.0, False),
    ("b", 2, 2.0, True),
    ("c", 1, 2.0, False),
    ("c", 2, -5.0, False),
    ("d", 1, -1.0, False),
]


def test_flags_are_raised_at_once_and_never_taken_back():
    found, *_ = fitted(STREAMS, after=(1, 2))

    values = {label: row["value"] for label, row in found.items()}
    assert values["prevalence"] == 0.5
    # c was flagged by its first post; that it calms down changes nothing.
    assert values["precision"] == pytest.approx(2 / 3)
    assert values["precision_after_1"] == 0.5
    assert values["precision_after_2"] == pytest.approx(2 / 3)
    assert values["recall"] == 1
    assert values["delay"] == 1.5
    # After one post c leads, b and d tie: of four pairs 1 + 0 + .5.
    assert values["auc_after_1"] == pytest.approx((1 + 0.5) / 4)
    assert values["auc"] == 1


def test_where_cases_are_common_erde_has_no_value_and_says_why():
    found, *_ = fitted(STREAMS)

    assert found["erde_5"]["value"] is None
    assert found["erde_5"]["why"] == (
        "flag all at once wins: the share of cases is 0.5, not below 0.2"
    )


def test_where_cases_are_rare_erde_is_said():
    quiet = [(f"q{n}", 1, -1.0, False) for n in range(16)]

    found, *_ = fitted(STREAMS + quiet, o=(1,))

    # a costs .5 at once, b 1 - 1 / (1 + e) after two posts, c a false alarm.
    cost = 0.5 + 1 - 1 / (1 + math.e) + 0.1296
    assert found["erde_1"]["value"] == pytest.approx(cost / 20)


def test_draws_of_units_give_intervals_around_the_value():
    rows = [
        (f"{n}", place, float((-1) ** (n + place * (n % 3))), n % 2 == 0)
        for n in range(24)
        for place in (1, 2, 3)
    ]

    found, *_ = fitted(rows, draws=40)

    row = found["precision"]
    assert row["low"] <= row["value"] <= row["high"]
    assert row["low"] < row["high"]


def test_one_class_has_no_rank_and_says_so():
    found, *_ = fitted([("a", 1, 1.0, True), ("b", 1, -1.0, True)])

    assert (found["auc"]["value"], found["auc"]["why"]) == (None, "all units are cases")
    assert found["recall"]["value"] == 0.5


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "no truth is 1, true or yes"),
        ({"label": "rude"}, "no post got 'rude' from most people, task 'risk'"),
        ({"label": "rude", "column": "tbdf"}, "no value of tbdf is 'rude'"),
    ],
)
def test_without_a_case_there_is_no_figure_at_all(options, why):
    found, *_ = fitted([("a", 1, 1.0, False), ("b", 1, -1.0, False)], **options)

    assert {row["value"] for row in found.values()} == {None}
    assert {row["why"] for row in found.values()} == {f"no unit is a case: {why}"}


def test_a_truth_that_is_neither_yes_nor_no_is_left_out_and_counted(tmp_path):
    path = tmp_path / "scores.csv"
    cells = ("yes", "No", "NaN", "2", "7", "-1", "1", "false")
    lines = [f"u{n},1,{n},{cell}" for n, cell in enumerate(cells)]
    path.write_text("\n".join(["unit,place,score,truth", *lines]))

    found = measure_file(str(path), "EarlyRisk")

    assert found.left_out == {"the truth is not one of 0, 1, false, true, no, yes": 4}
    assert next(r["value"] for r in found.rows if r["label"] == "prevalence") == 0.5


def test_bad_posts_are_left_out_and_counted():
    rows = [
        *STREAMS,
        ("a", 3, math.nan, False),
        ("a", 0, 1.0, False),
        ("a", 4, None, False),
    ]

    found, measure, state = fitted(rows)

    assert measure.left_out(state) == {
        "no score": 1,
        "the place is below 1": 1,
        "the score is not a number": 1,
    }
    assert found["auc"]["value"] == 1


@pytest.mark.parametrize(
    "options",
    [
        *({"o": (0,)}, {"below": 0.0}, {"after": (0,)}, {"threshold": math.nan}),
        {"false_alarm_cost": math.nan},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match=r"at least 1|above 0|must be finite"):
        EarlyRisk(**options)


def test_a_column_that_is_missing_is_named(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("unit,place,points,truth\na,1,1,1\n")

    with pytest.raises(UsageError, match=r"needs the column 'score'.*unit, place, po"):
        measure_file(str(path), "EarlyRisk")


def test_auc_counts_ties_half_and_rows_by_their_weight():
    scores, is_case = [1.0, 2.0, 2.0, 3.0], np.array([False, True, False, True])

    found = auc(scores, is_case, np.array([[1.0, 1, 1, 1], [1, 2, 0, 0], [1, 0, 1, 0]]))

    assert found[:2].tolist() == [3.5 / 4, 1]
    assert math.isnan(found[2])


def test_speakers_are_flagged_only_behind_the_gate_of_persons():
    with pytest.raises(UsageError, match="EarlyRisk tells about individual people"):
        registry.make("measures", "EarlyRisk", {"unit": "speaker"})
    with people.using(purpose="a study", allow_person_level=True):
        assert registry.make("measures", "EarlyRisk", {"unit": "speaker"})


# -- a lake ----------------------------------------------------------------------------


def lake_of(uri, answers):
    """Makes a lake: what people, by rater and post, say of four posts of x, x, y, z."""
    batch = utterances(
        *("one", "two", "three", "four"),
        conversation_id=["test:x", "test:x", "test:y", "test:z"],
    )
    store(uri, batch)
    ids = batch.column("utterance_id").to_pylist()
    usual = {"task": "tone", "vocabulary": "tone"}
    people_say(
        uri,
        [
            usual | {"rater": who, "utterance_id": ids[post], **said}
            for who, post, said in answers
        ],
    )
    values = ((ids[0], 1.0, 2.0), (ids[1], 3.0, 1.0), (ids[2], 0.5, 1.0))
    add_rows(
        uri,
        "annotations",
        [
            {
                "utterance_id": i,
                "annotator_id": "m@1",
                "task": "tone_value",
                "label": label,
                "value": value,
                "chosen": True,
                "status": "ok",
            }
            for i, *both in values
            for label, value in zip(("rude", "civil"), both, strict=True)
        ],
    )
    add_rows(uri, "annotators", [{"annotator_id": "m@1", "kind": "lexicon"}])
    return uri


@pytest.fixture(scope="module")
def lake(tmp_path_factory, own_configuration):
    uri = str(tmp_path_factory.mktemp("early") / "lake")
    said = [("ann", 1, {"label": "rude"}), ("ann", 2, {"label": "civil"})]
    return lake_of(uri, said)


OPTIONS = {"annotator": "m@", "task": "tone_value", "gold": "tone", "label": "rude"}


@pytest.mark.rotated
def test_in_a_lake_the_annotators_scores_meet_peoples_labels(lake):
    found = measure_lake(lake, "EarlyRisk", options=OPTIONS)

    values = {row["label"]: row["value"] for row in found.rows}
    # x sums to -1 and 1; y to -.5; of z nobody said anything.
    assert values["prevalence"] == 0.5
    assert (values["auc"], values["delay"], values["precision"]) == (1, 2, 1)
    assert found.rows[0]["n"] == 2


def test_a_unit_is_a_case_if_most_who_answered_say_so(tmp_path, own_configuration):
    no = {"label": "rude", "chosen": False}
    answers = [
        *(("ann", 1, {"label": "rude"}), ("ben", 1, {"label": "rude"}), ("cem", 1, no)),
        # One of three is no case; of y as many say no as yes.
        *(("ann", 0, {"label": "rude"}), ("ben", 0, no), ("cem", 0, {"label": None})),
        *(("ann", 2, {"label": "rude"}), ("ben", 2, no)),
        *(("ann", 3, {"label": "rude"}), ("ben", 3, no), ("cem", 3, no)),
    ]
    uri = lake_of(str(tmp_path / "lake"), answers)

    found = measure_lake(uri, "EarlyRisk", options=OPTIONS)

    # Of x both posts count; z has no score, and y no truth.
    assert (found.observations, found.left_out) == (2, {"no score": 1, "no truth": 1})
    assert found.rows[0]["value"] == 1


def test_one_yes_of_three_makes_no_case(tmp_path, own_configuration):
    no = {"label": "rude", "chosen": False}
    answers = [("ann", 2, {"label": "rude"}), ("ben", 2, no), ("cem", 2, no)]
    uri = lake_of(str(tmp_path / "lake"), answers)

    why = "1 counted, and no value: no unit is a case: no post got"
    with pytest.raises(UsageError, match=why):
        measure_lake(uri, "EarlyRisk", options=OPTIONS)


@pytest.mark.rotated
def test_a_task_that_the_lake_does_not_have_is_named(lake):
    with pytest.raises(UsageError, match=r"no .mood. in this lake; there is .tone."):
        measure_lake(lake, "EarlyRisk", options={**OPTIONS, "task": "mood"})


# -- real threads ----------------------------------------------------------------------


def threads(folder):
    """Returns the comments of each thread, and whether each is uncivil."""
    found = {}
    with gzip.open(folder / "comments.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            uncivil = bool(row["tbdf"].strip())
            found.setdefault(row["issue_id"], []).append((row["comment_body"], uncivil))
    return found


def fold_of(thread):
    return int(hashlib.md5(thread.encode()).hexdigest(), 16) % 5


def scored(comments, settings):
    """Yields observations: each thread is scored by words of the other folds."""
    turns = {t: sum(u for _, u in own) >= 2 for t, own in comments.items()}
    for fold in range(5):
        seen = [
            (text, "uncivil" if turns[thread] else "civil")
            for thread, own in comments.items()
            if fold_of(thread) != fold
            for text, _ in own
        ]
        words = Words.counted(seen, ("civil", "uncivil"), settings)
        for thread, own in comments.items():
            if fold_of(thread) == fold:
                sums = words.scores([text for text, _ in own])
                for place, score in enumerate((sums[:, 1] - sums[:, 0]).tolist(), 1):
                    yield thread, place, score, turns[thread]


@pytest.mark.proof
@pytest.mark.parametrize(
    ("mode", "rank", "first"), [("pyss3", 0.62, 0.84), ("paper", 0.74, 0.9)]
)
def test_threads_that_turn_uncivil_are_ranked_by_their_words(
    mode, rank, first, shared_data
):
    comments = threads(shared_data / "gh_incivility")

    rows = list(scored(comments, Settings(mode=mode)))
    found, *_ = fitted(rows)

    values = {label: row["value"] for label, row in found.items()}
    assert found["auc"]["n"] == 312
    assert values["prevalence"] == pytest.approx(186 / 312)
    assert values["auc"] == pytest.approx(rank, abs=0.01)
    assert values["precision_of_first_tenth"] == pytest.approx(first, abs=0.01)
    assert values["erde_5"] is None
