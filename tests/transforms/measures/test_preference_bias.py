"""Preference bias: published counts, answers that are no label, odd tables, a lake."""

import json
import math

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import TABLES
from affectflow.stages import measure_lake
from affectflow_transforms.measures.preference_bias import PreferenceBias

STRATEGIES = "esconv_strategies"
LABELS = (
    *("question", "restatement or paraphrasing", "reflection of feelings"),
    *("self-disclosure", "affirmation and reassurance", "providing suggestions"),
    *("information", "others"),
)
# Said where another is right, of 1,611 answers that Kang et al. 2024 published.
COUNTS = [
    [36, 22, 20, 22, 31, 10, 12, 5],
    [10, 5, 3, 2, 7, 4, 4, 0],
    [37, 14, 38, 17, 23, 21, 14, 6],
    [9, 8, 7, 37, 19, 13, 11, 2],
    [118, 32, 67, 59, 135, 97, 54, 39],
    [59, 28, 37, 50, 67, 97, 63, 14],
    [1, 0, 1, 9, 3, 13, 14, 2],
    [6, 2, 11, 7, 10, 3, 12, 32],
]
PREFERENCES = (
    *(0.632247, 0.310199, 1.020601, 0.479233, 2.535954, 1.914607, 0.218779),
    0.888380,
)


def rows(pairs) -> list[dict]:
    """Returns observations of (gold, label, and how often)."""
    return [
        {"gold": gold, "label": label, "unit": f"{gold}{label}{n}"}
        for gold, label, times in pairs
        for n in range(times)
    ]


def said(observations, **options) -> dict[str, dict]:
    measure = PreferenceBias(**options)
    batch = pa.RecordBatch.from_pylist(list(observations), schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {row["label"]: row for row in found if row["unit_type"]}


@pytest.fixture(scope="module")
def published() -> list[dict]:
    return rows(
        (LABELS[gold], LABELS[label], n)
        for label, row in enumerate(COUNTS)
        for gold, n in enumerate(row)
    )


def test_the_published_counts_have_the_published_bias(published):
    found = said(published, vocabulary=STRATEGIES)

    values = [found[f"preference {label}"]["value"] for label in LABELS]
    assert found["bias"]["n"] == 1_611
    assert values == pytest.approx(PREFERENCES, abs=1e-6)
    assert found["bias"]["value"] == pytest.approx(0.7665764573830748, abs=1e-12)
    assert found["macro_f1"]["value"] == pytest.approx(0.21890485365924034, abs=1e-12)
    weighted = found["weighted_f1"]["value"]
    assert weighted == pytest.approx(0.2249805977022031, abs=1e-12)


def test_counts_may_come_as_weights(published):
    weighted = [
        {"gold": LABELS[gold], "label": LABELS[label], "weight": float(n)}
        for label, row in enumerate(COUNTS)
        for gold, n in enumerate(row)
        if n
    ]

    bias = said(weighted, vocabulary=STRATEGIES)["bias"]["value"]

    assert bias == pytest.approx(0.7665764573830748, abs=1e-12)


def test_draws_of_answers_give_the_bias_an_interval(published):
    row = said(published, vocabulary=STRATEGIES, draws=20)["bias"]

    assert row["low"] < row["value"] < row["high"]
    assert row["high"] - row["low"] < 0.4


def test_two_labels_by_hand():
    """Both errors once: 1 each. Three to one: odds of 3, which sum to 2."""
    even = said(rows([("a", "b", 1), ("b", "a", 1), ("a", "a", 2)]))
    odd = said(rows([("a", "b", 3), ("b", "a", 1)]))

    assert even["bias"]["value"] == pytest.approx(0, abs=1e-12)
    assert odd["preference b"]["value"] == pytest.approx(1.5, abs=1e-9)
    assert odd["bias"]["value"] == pytest.approx(0.5, abs=1e-9)


# -- answers that are none of the labels -----------------------------------------------


def test_spellings_of_esconv_that_are_no_strategy_are_counted_before_they_fold(
    shared_data,
):
    """12 spellings, 7 of them of the eight strategies; 704 of 1,775 turns are not."""
    path = shared_data / "esconv_failed" / "conversations.json"
    turns = [
        turn["annotation"]["strategy"]
        for each in json.loads(path.read_text(encoding="utf-8"))
        for turn in each["dialog"]
        if turn["annotation"].get("strategy")
    ]
    observations = [{"gold": "others", "label": strategy} for strategy in turns]

    folded = said(observations, vocabulary=STRATEGIES, other="others")
    apart = said(observations, vocabulary=STRATEGIES)

    assert (len(set(turns)), len(turns)) == (12, 1_775)
    for found in (folded, apart):
        assert found["unparsed"]["value"] == pytest.approx(704 / 1_775, abs=1e-12)
    right = 704 / 1_775
    assert folded["f1 others"]["value"] == pytest.approx(2 * right / (1 + right))
    assert apart["f1 others"]["value"] == 0


def test_an_empty_answer_is_unparsed_and_wrong():
    found = said(rows([("a", "a", 2), ("a", None, 1), ("a", " ", 1), ("b", "b", 1)]))

    assert found["unparsed"]["value"] == pytest.approx(2 / 5)
    # 2 right of 4, and all that was said: recall 1/2, precision 1.
    assert found["f1 a"]["value"] == pytest.approx(2 / 3)
    assert "preference a" not in found


def test_case_and_blanks_make_no_other_label():
    found = said(
        rows([("Joy", "joy ", 2), ("fear", "FEAR", 1)]), labels=("joy", "fear")
    )

    assert found["macro_f1"]["value"] == 1
    assert found["unparsed"]["value"] == 0


def test_a_right_label_that_is_none_of_the_labels_is_left_out_and_counted():
    measure = PreferenceBias(labels=("joy", "fear"))
    odd = [
        {"gold": "awe", "label": "joy"},
        {"gold": "joy", "label": "joy", "weight": math.nan},
        {"gold": "joy", "label": "joy", "weight": -1.0},
        {"gold": None, "label": "joy"},
        {"gold": "joy", "label": "x", "gold_vocabulary": "a", "label_vocabulary": "b"},
    ]
    batch = pa.RecordBatch.from_pylist(odd, schema=measure.reads)

    state = measure.add(measure.create(), batch)

    assert measure.left_out(state) == {
        "the right label is not one of the labels": 1,
        "the weight is not a number above 0": 2,
        "no gold": 1,
        "no fold leads to the vocabulary of the right label": 1,
    }


# -- what has no value -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        pytest.param(
            [("a", "a", 3), ("b", "b", 2)],
            "no label was said in the place of another",
            id="no error",
        ),
        pytest.param([("a", "a", 3)], "no label was said in", id="one label"),
        pytest.param(
            [*(("a", "b", 1), ("b", "a", 1)), *(("c", "d", 1), ("d", "c", 1))],
            "labels are confused only within separate groups: a, b | c, d",
            id="blocks",
        ),
        pytest.param(
            [("a", "b", 3), ("b", "b", 2)],
            "never missed where it is right: b",
            id="no bound",
        ),
        pytest.param(
            [
                *(("a", "b", 1), ("b", "a", 1), ("a", "c", 1)),
                *(("c", "d", 1), ("d", "c", 1)),
            ],
            "labels take the place of others one way only: a, b | c, d",
            id="one way",
        ),
    ],
)  # fmt: skip
def test_without_errors_both_ways_there_is_no_bias_and_a_reason(pairs, why):
    found = said(rows(pairs))

    assert found["bias"]["value"] is None
    assert found["bias"]["why"].startswith(why)
    assert found["macro_f1"]["value"] is not None


def test_a_label_that_is_never_said_in_anothers_place_has_preference_0():
    pairs = [("a", "b", 2), ("b", "a", 1), ("c", "a", 1), ("c", "b", 1)]

    found = said(rows(pairs))

    assert found["preference c"]["value"] == 0
    assert found["preference b"]["value"] == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"labels": ("a",), "vocabulary": "ekman"},
            "`labels` or `vocabulary`, not both",
        ),
        ({"labels": ("a", "A ")}, "differ only in case and spaces"),
        (
            {"labels": ("a", "b"), "other": "c"},
            "must be one of the labels: a, b; got 'c'",
        ),
        ({"vocabulary": "ekmn"}, "ekmn"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options, message):
    with pytest.raises(UsageError, match=message):
        PreferenceBias(**options)


# -- a lake ----------------------------------------------------------------------------


def answer(utterance: int, who: str, label: str | None, **more) -> dict:
    return {
        "utterance_id": f"u{utterance}",
        "annotator_id": who,
        "task": "emotion",
        "vocabulary": "ekman",
        "label": label,
        "chosen": label is not None,
        "rank": 1,
        "status": "ok",
        **more,
    }


def lake(folder) -> str:
    """Makes a lake: what two people and two models say of six messages."""
    gold = ["joy", "joy", "anger", "anger", "fear", "joy"]
    first = ["anger", "joy", "joy", "anger", "anger", None]
    annotations = [answer(n, "ann", label) for n, label in enumerate(gold)]
    annotations.append(answer(0, "ben", "joy"))
    annotations.append(answer(4, "ben", "joy"))  # divided: nothing is right
    annotations += [
        answer(n, "llm@1", label, status="ok" if label else "unparsed")
        for n, label in enumerate(first)
    ]
    fine = ["amusement", "fear", "gratitude", "annoyance"]
    annotations += [
        answer(n, "bert@1", label, vocabulary="goemotions")
        for n, label in enumerate(fine)
    ]
    return stored(folder, annotations)


def stored(folder, annotations) -> str:
    """Makes a lake of six messages and what persons and models say of them."""
    names = {each["annotator_id"] for each in annotations}
    annotators = [
        {"annotator_id": who, "kind": "model" if "@" in who else "person"}
        for who in sorted(names)
    ]
    utterances = [
        {"utterance_id": f"u{n}", "conversation_id": f"c{n}", "kind": "issue"}
        for n in range(6)
    ]
    made = Lake.create(str(folder / "lake"))
    tables = {
        "utterances": utterances,
        "annotations": annotations,
        "annotators": annotators,
    }
    for name, content in tables.items():
        table = pa.Table.from_pylist(content, schema=TABLES[name])
        path = "b00000-0000000000000000.parquet"
        commit(made.storage, name, [write_file(made.storage, name, path, table)])
    return made.uri


@pytest.mark.rotated
def test_in_a_lake_annotators_are_compared_with_people(tmp_path):
    uri = lake(tmp_path)

    found = measure_lake(uri, "PreferenceBias", by="kind")

    values = {(r["group"], r["unit_id"], r["label"]): r["value"] for r in found.rows}
    # One error each way, of three right, wrong or unread of joy, and two of anger.
    assert values["(all)", "llm@1", "bias"] == pytest.approx(0, abs=1e-12)
    assert values["issue", "llm@1", "unparsed"] == pytest.approx(1 / 5)
    assert values["(all)", "llm@1", "f1 joy"] == pytest.approx(2 / 5)
    # Amusement and gratitude are joy, annoyance is anger.
    assert values["(all)", "bert@1", "f1 joy"] == pytest.approx(2 / 4)
    assert values["(all)", "bert@1", "f1 anger"] == pytest.approx(2 / 3)
    assert found.left_out == {"no gold": 1}


def test_one_annotator_is_named_by_the_beginning_of_its_id(tmp_path):
    found = measure_lake(lake(tmp_path), "PreferenceBias", options={"annotator": "llm"})

    assert {row["unit_id"] for row in found.rows} == {"llm@1"}


def test_who_chose_nothing_votes_for_no_label(tmp_path):
    votes = [
        ("joy", None, None),  # one of three said so: nothing is right
        ("joy", "joy", None),
        ("joy", "anger", None),
    ]
    annotations = [
        answer(n, who, label or "joy", chosen=label is not None)
        for n, labels in enumerate(votes)
        for who, label in zip(("ann", "ben", "cem"), labels, strict=True)
    ]
    annotations += [answer(n, "llm@1", "joy") for n in range(3)]

    found = measure_lake(stored(tmp_path, annotations), "PreferenceBias")

    assert (found.observations, found.left_out) == (1, {"no gold": 2})


def test_an_answer_without_a_vocabulary_counts_once(tmp_path):
    annotations = [answer(0, "ann", "joy"), answer(0, "ann", "joy", vocabulary="basic")]
    annotations.append(answer(0, "ben", None, vocabulary=None))
    annotations.append(answer(0, "cem", "joy"))
    annotations.append(answer(0, "llm@1", None, status="unparsed", vocabulary=None))

    found = measure_lake(stored(tmp_path, annotations), "PreferenceBias")

    assert (found.observations, found.left_out) == (1, {})
    assert found.rows[0]["n"] == 1


def test_a_person_may_choose_several_labels(tmp_path):
    annotations = [answer(0, "ann", label) for label in ("joy", "fear")]
    annotations += [answer(0, "ben", "joy"), answer(0, "ben", "fear", chosen=False)]
    annotations.append(answer(0, "llm@1", "joy"))

    found = measure_lake(stored(tmp_path, annotations), "PreferenceBias")

    values = {row["label"]: row["value"] for row in found.rows}
    assert values["macro_f1"] == 1
    assert found.left_out == {}
