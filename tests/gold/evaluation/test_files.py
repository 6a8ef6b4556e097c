"""Files of answers: what is read, how labels fold, what is refused."""

import json

import polars as pl
import pytest

from affectflow.batches.states import EVERYTHING
from affectflow.errors import UsageError
from affectflow.gold.evaluation.evaluate import evaluate_file
from affectflow.gold.targets.tasks import common, task_of

ROWS = [
    {
        "utterance_id": f"u{number}",
        "conversation_id": f"c{number // 3}",
        "label": "anger" if number % 2 else "joy",
        "truth": int(number % 3 == 0),
        "score": (number % 5) / 5,
        "kind": "issue" if number < 30 else "comment",
    }
    for number in range(60)
]


def written(folder, rows, kind="jsonl") -> str:
    """Returns the path of rows as a file."""
    path, frame = folder / f"answers.{kind}", pl.DataFrame(rows)
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "csv":
        frame.write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def by_label(found, group=EVERYTHING) -> dict:
    return {row["label"]: row for row in found.rows if row["group"] == group}


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_file_is_read_in_each_of_its_shapes(tmp_path, kind):
    found = by_label(evaluate_file(written(tmp_path, ROWS, kind), "emotion", draws=20))

    assert (found["anger"]["n"], found["anger"]["positives"]) == (30, 10)
    # Of 30, those with (number % 5) / 5 >= 0.5 are 3, 8, ...: numbers 3, 13, 23, ...
    # and 9, 19, ...: 12 chosen, of which 3, 33, 9, 39 are divisible by 3.
    assert found["anger"]["precision"] == pytest.approx(4 / 12)
    assert "auc_low" in found["anger"]


def test_truth_may_be_said_in_words(tmp_path):
    rows = [row | {"truth": bool(row["truth"])} for row in ROWS]

    found = evaluate_file(written(tmp_path, rows, "csv"), "emotion", draws=0)

    assert by_label(found)["anger"]["positives"] == 10


def test_by_a_column_each_slice_stands_beside_the_whole(tmp_path):
    found = evaluate_file(written(tmp_path, ROWS), "emotion", by="kind", draws=0)

    sizes = {row["group"]: row["n"] for row in found.rows if row["label"] == "anger"}
    assert sizes == {EVERYTHING: 30, "issue": 15, "comment": 15}


def fine(utterance_id, label, truth, chosen=0, score=0.1) -> dict:
    return {
        "utterance_id": utterance_id,
        "label": label,
        "truth": truth,
        "chosen": chosen,
        "score": score,
    }


def test_finer_labels_fold_to_a_family(tmp_path):
    rows = [
        # One of the three is true and another one is chosen: irritation is a hit.
        fine("a", "annoyance", 1),
        fine("a", "anger", 0, 1, 0.9),
        fine("a", "disappointment", 0),
        # None is true, one is chosen.
        fine("b", "annoyance", 0, 1, 0.6),
        fine("b", "anger", 0),
        fine("b", "disappointment", 0),
        # Not all were asked, and no yes among them: nobody knows.
        fine("c", "anger", 0),
        fine("c", "gratitude", 1),
        # Not all were asked, but one yes is enough.
        fine("d", "disappointment", 1),
    ]

    (found,) = evaluate_file(written(tmp_path, rows), "irritation", draws=0).rows

    assert (found["label"], found["n"], found["positives"]) == ("irritation", 3, 2)
    assert (found["precision"], found["recall"]) == (0.5, 0.5)
    # The highest score of the three: 0.9 above 0.6, and 0.1 below it.
    assert found["auc"] == 0.5


def test_a_task_of_one_label_needs_no_column_for_it(tmp_path):
    rows = [{"utterance_id": "a", "truth": 1, "score": 0.9}]

    (found,) = evaluate_file(written(tmp_path, rows), "frustration", draws=0).rows

    assert (found["label"], found["recall"]) == ("frustration", 1.0)


def test_values_are_compared_on_their_scale(tmp_path):
    rows = [
        {"utterance_id": str(n), "truth_value": n / 10, "value": n / 10 + 0.1}
        for n in range(12)
    ]

    (found,) = evaluate_file(written(tmp_path, rows), "valence", draws=50).rows

    assert found["pearson"] == pytest.approx(1)
    assert found["bias"] == pytest.approx(0.1)
    # The same in every draw: the bootstrap cannot say how sure it is.
    assert "pearson_low" not in found


def test_annotators_of_a_file_are_told_apart(tmp_path):
    rows = [row | {"annotator_id": who} for who in ("m1", "m2") for row in ROWS]
    path = written(tmp_path, rows)

    both = evaluate_file(path, "emotion", draws=0)
    one = evaluate_file(path, "emotion", annotator="m2", draws=0)

    assert {row["annotator_id"] for row in both.rows} == {"m1", "m2"}
    assert {row["annotator_id"] for row in one.rows} == {"m2"}
    with pytest.raises(UsageError, match=r"answers\.jsonl': no annotator 'm3'; it has"):
        evaluate_file(path, "emotion", annotator="m3")


def test_the_note_says_that_utterances_stand_for_conversations(tmp_path):
    rows = [{k: v for k, v in row.items() if k != "conversation_id"} for row in ROWS]

    found = evaluate_file(written(tmp_path, rows), "emotion", draws=0)

    assert any("no column conversation_id" in note for note in found.notes)


def test_a_probability_of_inclusion_weighs_by_its_inverse(tmp_path):
    rows = [fine("a", "joy", 1, 1) | {"inclusion_probability": 0.5}]
    rows.append(fine("b", "joy", 0, 1) | {"inclusion_probability": 1})

    (found,) = evaluate_file(written(tmp_path, rows), "joy", draws=0).rows

    assert found["precision"] == pytest.approx(2 / 3)


def test_rows_without_an_annotator_are_of_the_file(tmp_path):
    rows = [fine("a", "joy", 1) | {"annotator_id": "m1"}]
    rows += [fine(each, "joy", 0) | {"annotator_id": ""} for each in "bc"]
    path = written(tmp_path, rows, "csv")

    both = evaluate_file(path, "joy", draws=0).rows
    one = evaluate_file(path, "joy", annotator="file", draws=0).rows

    assert [(r["annotator_id"], r["n"]) for r in both] == [("file", 2), ("m1", 1)]
    assert [(r["annotator_id"], r["n"]) for r in one] == [("file", 2)]


def test_utterances_without_a_conversation_are_drawn_each_by_itself(tmp_path):
    alone = [row | {"conversation_id": ""} for row in ROWS]
    by_id = [row | {"conversation_id": row["utterance_id"]} for row in ROWS]

    found = evaluate_file(written(tmp_path, alone, "csv"), "emotion", draws=20)

    expected = evaluate_file(written(tmp_path, by_id), "emotion", draws=20)
    assert "auc_low" in by_label(found)["joy"]
    assert found.rows[0]["n"] == expected.rows[0]["n"]
    assert any("60 utterances without conversation_id" in note for note in found.notes)


def test_a_file_in_utf_16_is_refused_with_the_command_that_converts_it(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("utterance_id,label,truth,score\na,joy,1,0.5\n", "utf-16")

    with pytest.raises(UsageError, match="UTF-16; convert it: iconv -f UTF-16"):
        evaluate_file(str(path), "emotion")


def test_a_group_called_as_the_total_stays_apart_from_it(tmp_path):
    rows = [row | {"kind": EVERYTHING if row["truth"] else None} for row in ROWS]

    found = evaluate_file(written(tmp_path, rows), "emotion", by="kind", draws=0)

    sizes = {row["group"]: row["n"] for row in found.rows if row["label"] == "anger"}
    assert sizes == {EVERYTHING: 30, '"(all)"': 10, "(unknown)": 20}


def test_rare_labels_are_named_and_left_out_of_the_macro_mean(tmp_path):
    rows = [*ROWS, fine("x", "fear", 1), fine("y", "fear", 0)]

    found = by_label(evaluate_file(written(tmp_path, rows), "emotion", draws=0))

    assert "fewer than 10 positives" in found["fear"]["why"]
    assert found["(macro)"]["labels"] == 2


def changed(**values):
    return [ROWS[0] | values, *ROWS[1:]]


BAD = {
    "truth": (changed(truth=2), "`truth` must be 0 or 1, got '2'.*utterance 'u0'"),
    "no-truth": (changed(truth=None), "`truth` must be 0 or 1, got empty"),
    "score": (changed(score=1.2), r"`score` must be a number from 0 to 1, got 1.2"),
    "label": (changed(label="angr"), "no label 'angr'; did you mean .*anger"),
    "twice": ([*ROWS, ROWS[0]], "'u0' has label 'joy' twice"),
    "column": (
        [{"utterance_id": "a", "score": 0.1}],
        "no column 'truth'; rename a column",
    ),
    "no-answer": (
        [{"utterance_id": "a", "label": "joy", "truth": 1}],
        "neither `score` nor `chosen`",
    ),
    "no-label": (
        [{"utterance_id": "a", "truth": 1, "score": 0.1}],
        "no column `label`, and task 'emotion' has several",
    ),
    "weight": (changed(weight=-1.0), "`weight` must be a number of at least 0"),
    "weight-text": (
        [row | {"weight": "much" if row is ROWS[0] else "1"} for row in ROWS],
        "`weight` must be a number of at least 0, got 'much' .utterance 'u0'",
    ),
    **{
        f"probability-{said}": (
            [
                row | {"inclusion_probability": said if row is ROWS[0] else "0.5"}
                for row in ROWS
            ],
            "`inclusion_probability` must be a number above 0 and at most 1, got "
            f"'{said}'",
        )
        for said in ("0", "-0.5", "1.5", "half", "nan")
    },
}


@pytest.mark.parametrize(("rows", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_one_line_with_the_cure(tmp_path, rows, message):
    with pytest.raises(UsageError, match=message) as caught:
        evaluate_file(written(tmp_path, rows), "emotion", draws=0)

    assert "\n" not in str(caught.value)


def test_two_truths_of_one_utterance_are_refused(tmp_path):
    rows = [fine("a", "joy", truth) | {"annotator_id": f"m{truth}"} for truth in (0, 1)]

    with pytest.raises(
        UsageError, match="'a' has two different truths for label 'joy'"
    ):
        evaluate_file(written(tmp_path, rows), "emotion")


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("utterance_id,label,truth,score\n")

    with pytest.raises(UsageError, match="has no rows"):
        evaluate_file(str(path), "emotion")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "no lake and no file"),
        ("notes.txt", "is not a file of .parquet"),
    ],
    ids=["missing", "unknown-kind"],
)
def test_a_path_that_is_no_file_of_answers_is_refused(tmp_path, name, message):
    (tmp_path / "notes.txt").write_text("hello")

    with pytest.raises(UsageError, match=message):
        evaluate_file(str(tmp_path / name), "emotion")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "answers.csv"
    path.write_text("utterance_id\n")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)

    with pytest.raises(UsageError, match=r"cannot read .*csv': Permission denied$"):
        evaluate_file(str(path), "emotion")


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path):
    path = tmp_path / "answers.parquet"
    path.write_text("hello")

    with pytest.raises(UsageError, match="is not a whole Parquet file"):
        evaluate_file(str(path), "emotion")


@pytest.mark.parametrize("task", ["irritation", "frustration", "valence", "ekman"])
def test_an_unknown_task_names_the_nearest(task):
    with pytest.raises(UsageError, match=f"did you mean {task}"):
        task_of(task.replace("r", "", 1) if "r" in task else task + "s")


@pytest.mark.parametrize(
    ("told", "true", "expected"),
    [
        ("goemotions", "ekman", "ekman"),
        ("ekman", "goemotions", "ekman"),
        ("goemotions", "goemotions", "goemotions"),
        ("leia", "plutchik", ""),
    ],
)
def test_two_vocabularies_meet_in_the_coarser_one(told, true, expected):
    assert common(told, true) == expected
