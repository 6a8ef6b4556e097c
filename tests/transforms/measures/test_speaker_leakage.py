"""Row 15 of the literature: who in a conversation gives its label away."""

import csv
import gzip
import json

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.leakage.figures import macro_f1
from affectflow_transforms.measures.leakage.measure import SpeakerLeakage
from tests.given.factories import utterances
from tests.given.people import people_say
from tests.given.stage_runs import store

ROLES = ("interviewer", "participant")


@pytest.mark.parametrize(
    ("right", "false_alarms", "expected"),
    [
        pytest.param(11, 4, 0.84927, id="participant"),
        pytest.param(11, 3, 0.87762, id="interviewer"),
        pytest.param(10, 1, 0.90287, id="both say so"),
    ],
)
def test_published_scores_follow_from_counts(right, false_alarms, expected):
    # The dev set of DAIC-WOZ: 12 of 35 are depressed.
    healthy = [35 - 12 - false_alarms, false_alarms]
    counts = np.array([[healthy, [12 - right, right]]])

    assert macro_f1(counts)[0] == pytest.approx(expected, abs=5e-6)


# -- made conversations: 400 of four turns, half of them with the label ----------------

CHAT = ("well", "so", "today", "work", "home", "food", "sleep", "music", "weather")
PROMPT = "have you been diagnosed with depression"


def talks(*, prompt="", n=400):
    """Returns turns; where the label holds, the interviewer gives a prompt as well."""
    random = np.random.default_rng(1)
    rows = []
    for number in range(n):
        label = "yes" if number % 2 else "no"
        said = [" ".join(random.choice(CHAT, 4)) for _ in range(4)]
        turns = [(place, ROLES[place % 2], text) for place, text in enumerate(said)]
        if prompt and label == "yes":
            turns.append((2, ROLES[0], prompt))
        rows += [
            {
                "conversation_id": f"c{number}",
                "role": role,
                "text": text,
                "label": label,
                "place": place,
            }
            for place, role, text in turns
        ]
    return rows


def fitted(rows, **options):
    options = {"roles": ROLES, "permutations": 4, "learner": "bayes", **options}
    measure = SpeakerLeakage(**options)
    batch = pa.RecordBatch.from_pylist(rows, schema=measure.reads)
    state = measure.add(measure.create(), batch)
    found = measure.extract(state).to_pylist()
    rows = {(r["unit_type"], r["unit_id"], r["label"]): r for r in found}
    return rows, measure, state


GAP = ("gap", "interviewer - participant")


@pytest.fixture(scope="module")
def planted():
    found, *_ = fitted(talks(prompt=PROMPT), draws=100)
    return found


def test_a_planted_shortcut_is_found_and_its_removal_seen(planted):
    assert planted[*GAP, "macro_f1"]["value"] > 0.3
    assert abs(planted[*GAP, "macro_f1_without_prompts"]["value"]) < 0.1


def test_the_interval_of_a_shortcut_does_not_hold_0(planted):
    row = planted[*GAP, "auc"]

    assert 0 < row["low"] <= row["value"] <= row["high"]


def test_a_role_that_tells_is_above_what_shuffled_labels_come_to(planted):
    role = ("role", "interviewer")

    assert planted[*role, "auc"]["value"] == 1
    assert planted[*role, "auc_permuted"]["high"] < 0.75
    assert abs(planted["role", "participant", "auc"]["value"] - 0.5) < 0.15


def test_the_prompt_is_named_with_its_log_odds_and_its_place(planted):
    (prompt, *others) = [key for key in planted if key[0] == "prompt"]

    assert not others
    assert prompt[1] in PROMPT
    assert prompt[2] == "yes"
    # By hand: 200 of 200 against 0 of 200, and half an item more in each cell.
    assert planted[prompt]["value"] == pytest.approx(2 * np.log(200.5 / 0.5))
    assert planted["position", *prompt[1:]]["value"] == pytest.approx(2 / 3)


def test_evidence_in_one_place_is_concentrated(planted):
    assert planted["role", "interviewer", "concentration"]["value"] > 0.9
    why = planted["role", "participant", "concentration"]["why"]
    assert why == "no phrase tells the label by 3 standard errors"


def test_without_a_shortcut_there_is_no_gap():
    found, *_ = fitted(talks())

    assert abs(found[*GAP, "auc"]["value"]) < 0.1
    assert abs(found[*GAP, "auc_without_prompts"]["value"]) < 0.1


def test_logistic_regression_finds_the_same():
    found, *_ = fitted(talks(prompt=PROMPT, n=40), learner="logistic", permutations=1)

    assert found[*GAP, "auc"]["value"] > 0.3


# -- bad input -------------------------------------------------------------------------


def why(rows, **options):
    found, *_ = fitted(rows, **options)
    (only,) = [row for row in found.values() if row["unit_type"] == "gap"]
    assert only["value"] is None
    return only["why"]


def test_one_role_has_no_gap_and_says_so():
    one = [row for row in talks(n=20) if row["role"] == "participant"]

    assert why(one, roles=()) == (
        "the roles are participant: two are compared, name them with "
        "roles=OTHER,SUBJECT"
    )
    assert why(one) == "the roles are participant, and not interviewer and participant"


def test_one_label_has_no_gap_and_says_so():
    rows = [{**row, "label": "no"} for row in talks(n=20)]

    assert why(rows) == "all items have the label no"


def test_a_label_that_one_conversation_has_is_too_rare():
    rows = [
        {**row, "label": "yes" if row["conversation_id"] == "c7" else "no"}
        for row in talks(n=20)
    ]

    assert why(rows) == "yes is in one fold only: more conversations are needed"


def test_a_conversation_of_one_turn_and_one_of_two_labels_are_counted():
    rows = talks(n=40)
    alone = {**rows[0], "conversation_id": "alone"}
    odd = [{**row, "conversation_id": "odd"} for row in rows[:2]]
    odd[1]["label"] = "yes"

    found, *_ = fitted([*rows, alone, *odd])

    assert found["items", "(all)", "one_role"]["value"] == 1
    assert found["items", "(all)", "two_labels"]["value"] == 1
    assert found[*GAP, "auc"]["n"] == 40


def test_turns_that_say_nothing_are_left_out_by_reason():
    rows = talks(n=20)
    bad = [
        {**rows[0], **odd}
        for odd in ({"text": " ... "}, {"role": "bystander"}, {"label": None})
    ]

    _, measure, state = fitted([*rows, *bad, {**rows[0], "text": None}])

    assert measure.left_out(state) == {
        "another role than interviewer and participant, which `roles` names": 1,
        "no label": 1,
        "no text": 1,
        "no words": 1,
    }


def test_without_places_no_turn_can_be_left_out_and_it_says_so():
    rows = [{**row, "place": None} for row in talks(prompt=PROMPT, n=40)]

    found, *_ = fitted(rows)

    assert found[*GAP, "auc"]["value"] > 0.3
    assert found[*GAP, "auc_without_prompts"]["why"].startswith("no places of turns")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roles": ("a",)}, "`roles` must be two"),
        ({"roles": ("a", "a")}, "`roles` must be two"),
        ({"folds": 1}, "`folds` must be at least 2, got 1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        SpeakerLeakage(**options)


def test_a_column_that_is_missing_is_named_with_those_there(tmp_path):
    path = tmp_path / "talks.csv"
    path.write_text("conversation_id,speaker,text,label\na,b,c,d\n")

    with pytest.raises(UsageError, match=r"column 'role'.*conversation_id, speaker"):
        measure_file(str(path), "SpeakerLeakage")


# -- a lake ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lake(tmp_path_factory, own_configuration):
    """Twenty conversations, whose last turn a person has labelled."""
    rows = talks(prompt=PROMPT, n=20)
    uri = str(tmp_path_factory.mktemp("leak") / "lake")
    columns = {name: [row[name] for row in rows] for name in ("conversation_id",)}
    batch = utterances(
        *(row["text"] for row in rows),
        **columns,
        speaker_role=[row["role"] for row in rows],
        attrs=[[("group", row["label"])] for row in rows],
    )
    store(uri, batch)
    ids = batch.column("utterance_id").to_pylist()
    people_say(
        uri,
        [
            {"utterance_id": i, "label": row["label"], "task": "illness"}
            for i, row in zip(ids, rows, strict=True)
            if row["place"] == 3
        ],
    )
    return uri


@pytest.mark.rotated
@pytest.mark.parametrize("where", [{"task": "illness"}, {"column": "group"}])
def test_a_lake_says_the_label_by_people_or_by_a_column(lake, where):
    options = {"roles": ROLES, "learner": "bayes", "permutations": 1, **where}

    found = measure_lake(lake, "SpeakerLeakage", options=options)

    values = {(row["unit_type"], row["label"]): row["value"] for row in found.rows}
    assert values["gap", "auc"] > 0.3
    assert found.observations == 90


@pytest.mark.rotated
def test_a_label_of_turns_is_set_against_the_turn_before(lake):
    options = {"column": "group", "per": "turn", "learner": "bayes", "permutations": 1}

    found = measure_lake(lake, "SpeakerLeakage", options=options)

    # Each of the 90 turns but the first of a conversation has one before it.
    assert found.observations == 90 + 70
    items = {r["label"]: r["value"] for r in found.rows if r["unit_type"] == "items"}
    assert items == {"one_role": 20, "two_labels": 0}


@pytest.mark.rotated
def test_a_task_that_the_lake_does_not_have_is_named(lake):
    with pytest.raises(UsageError, match=r"no .mood. in this lake; there is .illness."):
        measure_lake(lake, "SpeakerLeakage", options={"task": "mood"})


# -- real conversations ----------------------------------------------------------------


def convabuse(folder):
    """Yields a user's turns, and the bot's before them; half of the raters call it."""
    for part in ("train", "valid"):
        with gzip.open(folder / f"{part}.csv.gz", "rt", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file)):
                said = [
                    level < 0
                    for rater in range(1, 9)
                    for level in (1, 0, -1, -2, -3)
                    if row.get(f"Annotator{rater}_is_abuse.{level}") in ("1", "1.0")
                ]
                label = "abuse" if np.mean(said) >= 0.5 else "none"
                for place, (role, text) in enumerate(
                    (("bot", row["agent"]), ("user", row["user"])), 1
                ):
                    yield {
                        "conversation_id": row["conv_id"],
                        "item": f"{part}:{number}",
                        "role": role,
                        "text": text,
                        "label": label,
                        "place": place,
                    }


@pytest.mark.rotated
def test_abuse_is_told_by_the_user_and_by_the_bots_turn_alone(shared_data):
    rows = list(convabuse(shared_data / "convabuse"))

    found, *_ = fitted(
        rows, roles=("bot", "user"), learner="logistic", permutations=2, order=2
    )

    assert len(rows) == 2 * 3332
    bot, user = (found["role", role, "auc"]["value"] for role in ("bot", "user"))
    assert bot == pytest.approx(0.68, abs=0.04)
    assert user == pytest.approx(0.89, abs=0.04)
    assert bot > found["role", "bot", "auc_permuted"]["high"] + 0.1
    assert found["gap", "bot - user", "auc"]["value"] < -0.12


@pytest.mark.proof
def test_problems_are_told_by_who_has_them_more_than_by_who_listens(shared_data):
    file = shared_data / "esconv_failed" / "conversations.json"
    rows = [
        {
            "conversation_id": str(number),
            "role": "seeker" if turn["speaker"] == "speaker" else "listener",
            "text": turn["content"],
            "label": talk["problem_type"],
            "place": place,
        }
        for number, talk in enumerate(json.loads(file.read_text("utf-8")))
        for place, turn in enumerate(talk["dialog"], 1)
    ]

    found, *_ = fitted(
        rows, roles=("listener", "seeker"), learner="logistic", permutations=2, order=2
    )

    values = {k[1]: r["value"] for k, r in found.items() if k[2] == "macro_f1"}
    assert values["listener"] == pytest.approx(0.33, abs=0.08)
    assert values["seeker"] == pytest.approx(0.47, abs=0.08)
    assert values["listener - seeker"] < -0.05
