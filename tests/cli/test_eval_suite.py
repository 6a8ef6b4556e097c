"""`affectflow eval --suite`: many tasks in one table, by the figures of `eval`."""

import json

import pytest
import typer

from affectflow.cli import evaluating
from affectflow.errors import UsageError
from affectflow.trials import suite
from affectflow.trials.suite_data import Answered

TASKS = """
summary = "feelings"

[[tasks]]
name = "feelings"
data = "said.csv"
model = "EmbeddedEmotions"
answer = "emotion"
text = "body"
gold = "right"
metrics = ["f1_micro", "accuracy", "jaccard"]

[[tasks]]
name = "missing"
data = "nowhere.csv"
model = "EmbeddedEmotions"
metrics = ["pearson"]
"""
SAID = {"gratitude": "thank you so much for the help", "joy": "so happy today"}


@pytest.fixture
def run():
    """Runs the command through its options, as the command line does."""
    app = typer.Typer()
    app.command(name="eval")(evaluating.evaluate)

    def call(*arguments: str) -> int:
        return app(list(arguments), standalone_mode=False)

    return call


@pytest.fixture
def here(tmp_path):
    (tmp_path / "tasks.toml").write_text(TASKS)
    rows = [f"{label},{text}" for label, text in SAID.items()] * 6
    (tmp_path / "said.csv").write_text("\n".join(["right,body", *rows]) + "\n")
    return tmp_path


def test_a_file_that_is_no_suite_says_what_a_suite_is(run, here):
    with pytest.raises(UsageError, match=r"names tasks and the files of their data"):
        run("--suite", str(here / "said.csv"))


def test_labels_are_scored_by_the_figures_of_eval():
    found = Answered(
        annotator="a",
        units=[f"u{n}" for n in range(40)],
        truth=[("joy",), ("anger",)] * 20,
        said=[("joy",), ("anger",), ("anger",), None] * 10,
    )

    rows = {row["label"]: row for row in found.figures(0, values=False)}

    # Of joy half were found and no other; of anger half too, and half were wrong.
    assert rows["joy"]["f1"] == pytest.approx(2 / 3)
    assert rows["anger"]["f1"] == pytest.approx(1 / 2)
    assert rows["(macro)"]["f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert rows["(micro)"]["recall"] == pytest.approx(1 / 2)
    assert (found.n, found.unanswered) == (40, 10)


def test_labels_in_common_are_counted_text_by_text():
    joy, both, none = ("joy",), ("joy", "anger"), ()
    found = Answered(
        annotator="a",
        units=[f"u{n}" for n in range(12)],
        truth=[joy, both, none, both, none, none] * 2,
        said=[both, both, none, ("fear",), None, joy] * 2,
    )

    (row,) = [row for row in found.figures(50, values=False) if "jaccard" in row]

    # 1/2, 1, 1, nothing in common, no answer, and a label where there is none.
    assert row["jaccard"] == pytest.approx(2.5 / 6)
    assert row["jaccard_low"] < row["jaccard"] < row["jaccard_high"]


def test_numbers_without_an_answer_are_left_out_and_counted():
    found = Answered(
        annotator="a",
        units=["u1", "u2", "u3", "u4"],
        truth=[0.0, 0.5, 1.0, 0.3],
        said=[0.1, 0.6, 1.1, None],
    )

    (row,) = found.figures(0, values=True)

    assert row["pearson"] == pytest.approx(1)
    assert row["bias"] == pytest.approx(0.1)
    assert found.unanswered == 1


def test_a_task_that_fails_is_a_line_and_the_command_ends_with_2(run, here, capsys):
    code = run("--suite", str(here / "tasks.toml"), "--data", str(here),
               "--format", "json", "--draws", "20")  # fmt: skip

    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert code == 2
    assert [line["task"] for line in lines] == ["feelings"] * 3 + ["missing"]
    assert "nowhere.csv" in lines[-1]["note"]
    assert lines[0]["n"] == 12
    assert lines[1]["metric"] == "accuracy"
    assert [line["value"] for line in lines[:3]] == [1.0] * 3
    assert "1 task failed: missing; see their notes" in printed.err


def test_a_table_of_markdown_has_a_line_for_each_figure(run, here, capsys):
    run("--suite", str(here / "tasks.toml"), "--data", str(here),
        "--format", "markdown", "--draws", "0")  # fmt: skip

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| task | data | by | metric | value |")
    assert lines[2].startswith("| feelings | said.csv | EmbeddedEmotions@")
    assert len(lines) == 6


def test_tasks_that_are_kept_are_not_asked_again(here, monkeypatch):
    tasks, keep = suite.tasks_of(str(here / "tasks.toml"))[:1], here / "kept.jsonl"
    first = list(suite.run_suite(tasks, here, draws=0, keep=keep))
    monkeypatch.setattr(suite, "answered_file", None)

    again = list(suite.run_suite(tasks, here, draws=0, keep=keep))

    assert again == first
    (here / "said.csv").write_text("body,right\nthank you,gratitude\n")
    (changed,) = list(suite.run_suite(tasks, here, draws=0, keep=keep))
    assert changed[0].failed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('metrics = ["pearson"]', 'metrics = ["person"]'), "did you mean 'pearson'"),
        (('name = "missing"', 'name = "feelings"'), "two tasks are named 'feelings'"),
        (("answer =", "anser ="), "unknown key 'anser'; did you mean 'answer'"),
    ],
)
def test_a_suite_with_a_mistake_is_refused_with_its_line(here, change, message):
    (here / "tasks.toml").write_text(TASKS.replace(*change))

    with pytest.raises(UsageError, match=message):
        suite.tasks_of(str(here / "tasks.toml"))


def test_a_task_needs_a_model_of_its_own_or_of_the_command(here):
    text = TASKS.replace('model = "EmbeddedEmotions"\n', "")
    (here / "tasks.toml").write_text(text)

    (lines, _) = suite.run_suite(suite.tasks_of(str(here / "tasks.toml")), here)

    assert "give one with --model" in lines[0].note


def test_the_benchmark_of_the_paper_names_prompts_and_steps_that_exist():
    from affectflow.kinds.prompt import Prompt

    tasks = suite.tasks_of("aaeb")

    assert len(tasks) == 11
    for task in tasks:
        steps = [step.name for step in Prompt.load(task.prompt).steps]
        assert not task.step or task.step in steps
