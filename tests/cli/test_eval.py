"""`affectflow eval`: what it prints, where, and its exit codes."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
import typer

from affectflow.cli import evaluating
from affectflow.errors import UsageError

ROWS = [
    {
        "utterance_id": f"u{number}",
        "conversation_id": f"c{number // 2}",
        "label": ("anger", "joy", "fear")[number % 3],
        "truth": int(number % 4 == 0),
        "score": round((number % 7) / 7, 3),
        "kind": "issue" if number % 2 else "comment",
    }
    for number in range(120)
]


@pytest.fixture
def answers(tmp_path) -> str:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(path)


@pytest.fixture
def run():
    """Runs the command through its options, as the command line does."""
    app = typer.Typer()
    app.command(name="eval")(evaluating.evaluate)

    def call(*arguments: str) -> int:
        return app(list(arguments), standalone_mode=False)

    return call


def test_a_table_has_a_line_for_each_label_and_the_means(run, answers, capsys):
    assert run("emotion", answers, "--draws", "50") == 0

    printed = capsys.readouterr()
    for name in ("anger", "joy", "fear", "(macro)", "(micro)", "Brier skill"):
        assert name in printed.out
    assert "over 3 labels" in printed.out
    assert "50 bootstrap draws of conversations" in printed.err
    assert "chosen if its score is at least 0.5" in printed.err


def test_json_says_each_figure_with_the_ends_of_its_interval(run, answers, capsys):
    run("emotion", answers, "--format", "json", "--draws", "50")

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (anger,) = (row for row in rows if row["label"] == "anger")
    assert (anger["n"], anger["positives"]) == (40, 10)
    assert anger["f1_low"] <= anger["f1"] <= anger["f1_high"]


def test_csv_by_a_column_has_a_row_for_each_group_and_label(run, answers, capsys):
    run("emotion", answers, "--format", "csv", "--by", "kind", "--draws", "0")

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["group"], row["label"]) for row in rows} >= {
        ("(all)", "anger"),
        ("issue", "joy"),
        ("comment", "(macro)"),
    }
    # By kind, comments have all truths: every fourth number is even.
    assert {row["positives"] for row in rows if row["group"] == "issue"} == {"0"}
    assert "auc_low" not in rows[0]


def test_a_figure_that_cannot_be_had_is_a_dash_with_its_reason(run, tmp_path, capsys):
    path = tmp_path / "one.csv"
    path.write_text("utterance_id,truth,score\na,0,0.2\nb,0,0.9\n")

    run("frustration", str(path))

    assert "no positives" in capsys.readouterr().out


def test_values_have_figures_of_their_own(run, tmp_path, capsys):
    path = tmp_path / "values.csv"
    lines = [f"u{n},{n / 20},{n / 25}" for n in range(20)]
    path.write_text("\n".join(["utterance_id,truth_value,value", *lines]))

    run("valence", str(path))

    printed = capsys.readouterr().out
    assert "Pearson r" in printed
    assert "CCC" in printed


def test_several_annotators_are_told_apart(run, tmp_path, capsys):
    path = tmp_path / "two.jsonl"
    rows = [row | {"annotator_id": who} for who in ("m1", "m2") for row in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    run("emotion", str(path), "--draws", "0")

    assert [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("m1", "m2"))
    ] == ["m1, vocabulary goemotions", "m2, vocabulary goemotions"]


def test_annotators_that_answered_nothing_that_people_labelled_are_an_error(
    run, tmp_path
):
    path = tmp_path / "unknown.jsonl"
    # Half of what irritation folds from was asked: nobody knows of a no.
    rows = [{"utterance_id": "a", "label": "anger", "truth": 0, "score": 0.1}]
    rows.append(rows[0] | {"label": "gratitude"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    with pytest.raises(UsageError, match="no utterance was labelled by both people"):
        run("irritation", str(path))


def test_a_folder_that_is_no_lake_says_how_to_make_one(run, tmp_path):
    with pytest.raises(UsageError, match="is not a lake"):
        run("emotion", str(tmp_path))


def test_draws_too_few_for_an_interval_are_refused(run, answers):
    with pytest.raises(
        UsageError, match=r"--draws must be at least 20, or 0 .* got 19"
    ):
        run("emotion", answers, "--draws", "19")


# -- docs/eval.md ------------------------------------------------------------------

DOC = (Path(__file__).parents[2] / "docs" / "eval.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)


def test_every_command_of_the_page_works(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with open("answers.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    values = "".join(f"u{n},{n / 20},{n / 25}\n" for n in range(20))
    Path("values.csv").write_text(f"utterance_id,truth_value,value\n{values}")
    lines = [line for block in snippets("sh") for line in block.splitlines()]
    # Those of suites are typed in tests/cli/test_eval_suite.py.
    lines = [line for line in lines if "--suite" not in line]

    assert len(lines) == 3
    for line in lines:
        assert run(*line.removeprefix("affectflow eval ").split()) == 0, line
        assert capsys.readouterr().out, line


def test_the_snippet_of_the_page_runs(capsys):
    (snippet,) = snippets("python")

    exec(compile(snippet, "eval.md", "exec"), {})

    assert "'auc': 1.0" in capsys.readouterr().out
