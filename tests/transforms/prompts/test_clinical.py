"""The guard `clinical`, and rows 27, 43 and 45 of the literature, which it guards."""

import json
import random
import re

import pytest

from affectflow import data
from affectflow.kinds.guard import Guard
from affectflow.kinds.prompt import Prompt
from tests.given.asked import asked, nonsense
from tests.given.crisis import share
from tests.given.proving import in_proof
from tests.given.scripted import marked, utterances

CRISIS = "I can't go on, I want to kill myself"
GUARDED = [n for n in data.names("prompts") if Prompt.load(n).guard]
MENTAL = [n for n in GUARDED if n.startswith("mental_health") and "evidence" not in n]
ILLNESSES = r"depress|disorder|ptsd|anxi|bipolar|patient|diagnos|symptom|suicid"


# -- the rule --------------------------------------------------------------------------


def test_what_the_guard_finds_of_sentences_written_for_it():
    """The figures stand in docs/literature.md; these are floors."""
    assert share("crisis") > 0.98
    assert share("held_out_spoken") > 0.8
    assert share("harmless") < 0.05
    assert share("held_out_harmless") < 0.1


def test_the_notice_speaks_to_the_analyst_and_names_no_diagnosis():
    notice = Guard.load("clinical").notice

    assert notice.startswith("To the analyst:")
    assert not re.search(ILLNESSES, notice, re.IGNORECASE)
    assert "misses some" in notice


def test_all_prompts_about_health_are_guarded():
    assert {"cbt", "phq8", *MENTAL} <= set(GUARDED)
    assert len(MENTAL) == 9
    assert {Prompt.load(name).guard for name in GUARDED} == {"clinical"}


@pytest.mark.parametrize("name", [n for n in GUARDED if not Prompt.load(n).over])
def test_no_model_is_asked_about_a_guarded_text_and_no_row_says_which(name):
    batch = utterances(
        "I like tea", CRISIS, speaker_role=["participant"] * 2,
        conversation_id=["a", "b"],
    )  # fmt: skip

    rows, model = asked(name, lambda question, request: "", batch)

    assert model.questions
    assert not any("kill myself" in question for question in model.questions)
    assert rows[0]
    assert rows[1] == []


# -- 27 --------------------------------------------------------------------------------

# In the shapes of the answers of MentalLLaMA's files; nobody wrote the posts.
SAID = [
    (
        "mental_health_dr",
        "Yes, the poster suffers from depression. Reasoning: a.",
        "yes",
    ),
    ("mental_health_dr", "No. \n\nReasoning: \n\nThey like a show.", "no"),
    ("mental_health_dr", "Yes. \n\nThe words are dark.", "yes"),
    ("mental_health_dr", "It is not possible to say. Reasoning: too short.", None),
    ("mental_health_dreaddit", "No, the poster does not suffer from stress. R.", "no"),
    ("mental_health_loneliness", "Answer: Yes, the poster is lonely. Why: a.", "yes"),
    (
        "mental_health_sad",
        "The stress cause here is related to social relationships. Reasoning: a.",
        "social relationships",
    ),
    (
        "mental_health_sad",
        "This post shows other stress causes. Reasoning: b.",
        "other",
    ),
    ("mental_health_cams", "This post shows no causes. Reasoning: c.", "none"),
    (
        "mental_health_tsid",
        "This post shows suicide or self-harm tendency. Reasoning: d.",
        "suicide or self-harm",
    ),
    (
        "mental_health_tsid",
        "This post shows no mental disorders. Reasoning: e.",
        "control",
    ),
    (
        "mental_health_swmh",
        "This post shows bipolar disorder. Reasoning: f.",
        "bipolar",
    ),
]


@pytest.mark.parametrize(("name", "said", "label"), SAID)
def test_the_label_sentence_and_its_reason_are_read_apart(name, said, label):
    rows, _ = asked(name, lambda question, request: said, utterances("I like tea"))

    first, why = rows[0]
    assert first["label"] == label
    assert first["status"] == ("ok" if label else "unparsed")
    assert (why["label"], why["status"]) == ("explanation", "ok")
    assert why["raw"] not in (None, "", said)


def test_the_question_has_the_form_of_the_published_files():
    (question,) = asked(
        "mental_health_sad", lambda question, request: "", utterances("work again")
    )[1].questions

    assert question == (
        'Consider this post: "work again" Question: What is the stress cause of this '
        "post?"
    )


@pytest.mark.parametrize("name", MENTAL)
@pytest.mark.parametrize("seed", range(in_proof(100, 2)))
def test_no_answer_gives_a_label_outside_the_set(name, seed):
    steps = {step.task: step.labels for step in Prompt.load(name).steps}
    sets = [label for labels in steps.values() for label in labels]
    words = [
        *sets,
        "Reasoning:",
        "maybe",
        "not",
        ".",
        "\n",
        "psychosis",
        "The post shows",
    ]

    rows, _ = asked(name, nonsense(seed, words), utterances(*map(str, range(20))))

    for row in (each for found in rows for each in found):
        if row["chosen"] and row["label"] != "explanation":
            assert row["label"] in steps[row["task"]]


# -- 43 --------------------------------------------------------------------------------

TEXT = "I failed the test, so I will fail at everything."
CBT = {
    "Does the author judge": "yes",
    "Which of these": "overgeneralization",
    "First quote": '"I will fail at everything"\nOne test says little about the next.',
}


def cbt(answers, text=TEXT):
    def script(question, request):
        (said,) = [answer for mark, answer in answers.items() if mark in question]
        return said

    return asked("cbt", script, utterances(text))


def test_three_gates_assess_classify_reframe():
    rows, model = cbt(CBT)

    found = [(r["vocabulary"], r["label"], r["status"]) for r in rows[0]]
    assert found == [
        ("cbt.assess", "yes", "ok"),
        ("distortions", "overgeneralization", "ok"),
        ("cbt.reframe", "evidence", "ok"),
        ("cbt.reframe", "reframe", "ok"),
    ]
    evidence, reframe = rows[0][2:]
    assert TEXT[evidence["start"] : evidence["end"]] == "I will fail at everything"
    assert reframe["raw"] == "One test says little about the next."
    assert len(model.questions) == 3


@pytest.mark.parametrize(
    ("answers", "labels"),
    [
        ({**CBT, "Does the author judge": "no"}, ["no"]),
        ({**CBT, "Does the author judge": "perhaps"}, [None]),
        ({**CBT, "Which of these": "laziness"}, ["yes", None]),
    ],
)
def test_nothing_is_reframed_where_nothing_is_distorted(answers, labels):
    rows, model = cbt(answers)

    assert [row["label"] for row in rows[0]] == labels
    assert not any("First quote" in question for question in model.questions)


def test_evidence_that_does_not_stand_in_the_text_has_no_place():
    rows, _ = cbt({**CBT, "First quote": '"I am a failure" - Not so.'})

    evidence = rows[0][2]
    assert (evidence["label"], evidence["status"]) == ("evidence", "unaligned")
    assert (evidence["start"], evidence["chosen"]) == (None, False)


@pytest.mark.parametrize("seed", range(in_proof(200, 8)))
def test_the_gates_hold_whatever_the_model_says(seed):
    words = [
        "yes",
        "no",
        "mind reading",
        "labeling",
        '"I failed',
        'the test"',
        "x",
        "\n",
    ]
    texts = [TEXT, CRISIS, *(f"{TEXT} {number}" for number in range(12))]

    rows, model = asked("cbt", nonsense(seed, words), utterances(*texts))

    assert rows[1] == []
    assert not any("kill myself" in question for question in model.questions)
    for row, text in zip(rows, texts, strict=True):
        labels = {each["label"] for each in row if each["chosen"]}
        if "reframe" in labels or "evidence" in labels:
            assert "yes" in labels
            assert labels & {"mind reading", "labeling"}
        for each in row:
            if each["label"] == "evidence" and each["status"] == "ok":
                assert text[each["start"] : each["end"]] == each["raw"] != ""
    for text in texts:
        assert sum(marked(q) == text for q in model.questions) <= 3


# -- 45 --------------------------------------------------------------------------------

ITEMS = (
    "interest", "mood", "sleep", "energy", "appetite", "self_regard", "concentration",
    "pace",
)  # fmt: skip


def interview(*turns, participant="participant"):
    """Returns a conversation of an interviewer and a participant in turn."""
    roles = ["interviewer", participant]
    return utterances(
        *turns, speaker_role=[roles[place % 2] for place in range(len(turns))]
    )


def scored(said):
    rows, _ = asked(
        "phq8", lambda question, request: said, interview("How are you?", "Tired.")
    )
    assert rows[0] == []
    return {row["label"]: (row["value"], row["status"]) for row in rows[1]}


def test_the_total_is_the_sum_and_the_cut_is_at_10():
    low = scored(json.dumps(dict.fromkeys(ITEMS, 1) | {"total": 24}))
    high = scored(json.dumps(dict.fromkeys(ITEMS, 1) | {"mood": 3}))

    assert low["total"] == (8.0, "ok")
    assert low["at_least_10"] == (0.0, "ok")
    assert high["total"] == (10.0, "ok")
    assert high["at_least_10"] == (1.0, "ok")


@pytest.mark.parametrize("seed", range(in_proof(2000, 40)))
def test_the_total_is_the_sum_of_eight_items_or_there_is_none(seed):
    draw = random.Random(seed)
    values = [0, 1, 2, 3, 3, 4, -1, 1.5, "2", None, True, [1]][: draw.choice([5, 12])]
    said = {item: draw.choice(values) for item in ITEMS}

    found = scored(f"Scores: {json.dumps(said)}")

    items = [found[item] for item in ITEMS]
    assert all(value is None or 0 <= value <= 3 for value, _ in items)
    total, status = found["total"]
    if all(each == "ok" for _, each in items):
        assert total == sum(value for value, _ in items)
        assert found["at_least_10"][0] == float(total >= 10)
    else:
        assert (total, status) == (None, "unparsed")
        assert found["at_least_10"] == (None, "unparsed")


def test_a_total_over_a_guarded_turn_is_none_not_low():
    said = json.dumps(dict.fromkeys(ITEMS, 0))
    turns = interview("How are you?", "Fine.", "And at night?", CRISIS)

    rows, model = asked("phq8", lambda question, request: said, turns)

    assert rows == [[], [], [], []]
    assert not model.questions


def planted(n):
    """Returns interviews in which only the interviewer gives the answer away."""
    draw = random.Random(7)
    truth = [draw.random() < 0.5 for _ in range(n)]
    hints = ["Are you still in treatment?" if each else "Nice day!" for each in truth]
    turns = [turn for hint in hints for turn in (hint, "I slept.")]
    batch = utterances(
        *turns,
        speaker_role=["interviewer", "participant"] * n,
        conversation_id=[f"c{place // 2}" for place in range(2 * n)],
    )
    return truth, batch


@pytest.mark.parametrize(("roles", "accuracy"), [(None, 0.5), ((), 1.0)])
def test_a_shortcut_in_the_interviewers_turns_is_shut_unless_it_is_asked_for(
    roles, accuracy
):
    truth, batch = planted(40)

    def script(question, request):
        level = 3 if "treatment?" in question else 0
        return json.dumps(dict.fromkeys(ITEMS, level))

    rows, _ = asked("phq8", script, batch, roles=roles)

    said = [
        next(each["value"] for each in row if each["label"] == "at_least_10") == 1.0
        for row in rows
        if row
    ]
    right = sum(a == b for a, b in zip(said, truth, strict=True)) / len(truth)
    assert right == pytest.approx(accuracy, abs=0.15)
    assert (len(set(said)) == 1) == (accuracy == 0.5)
