"""sample and gold as commands: what they say, and what they leave as it was."""

import csv
import io
import json

import pytest
import typer
from typer.testing import CliRunner

from affectflow.cli import validation as commands
from affectflow.errors import UsageError
from affectflow.gold.asking.sampling import draw
from affectflow.gold.targets.labels import targets_of
from affectflow.lake import Lake
from tests.given.answer_sheets import asked, every, filled
from tests.given.stage_runs import ask
from tests.given.validation_lakes import write

pytestmark = pytest.mark.rotated


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("reading"))


@pytest.fixture
def lines(folder):
    return filled(folder)


@pytest.fixture
def app():
    made = typer.Typer()
    for command in (commands.sample, commands.gold):
        made.command()(command)
    return made


def run(app, *arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_sample_and_gold_work_as_commands(app, folder, lines, tmp_path):
    out, page = tmp_path / "s.csv", tmp_path / "s.html"
    options = ["--n", 5, "--task", "emotion", "--labels", "anger,joy"]
    drawn = run(app, "sample", folder / "lake", "--out", out, *options, "--html", page)
    assert drawn.exit_code == 0, drawn.output
    assert str(out) in drawn.output
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")

    done = run(app, "gold", folder / "lake", write(tmp_path / "f.csv", lines))

    assert done.exit_code == 0, done.output
    assert "10 answers of ann" in done.output
    assert "warning: one rater for anger, joy" in done.output
    assert "no annotator in this lake gives these labels" in done.output


def test_scripts_get_what_was_drawn_as_one_row(folder, tmp_path, capsys):
    out = str(tmp_path / "s.csv")

    commands.sample(str(folder / "lake"), out, n=5, shape="json")

    row = json.loads(capsys.readouterr().out)
    assert (row["n"], row["out"], row["html"]) == (5, out, None)
    assert row["sample_id"] in (tmp_path / "s.csv").read_text("utf-8")


def test_a_filled_sheet_is_not_written_over(app, folder, lines, tmp_path):
    out = write(tmp_path / "s.csv", lines)
    filled = out.read_bytes()

    done = run(app, "sample", folder / "lake", "--out", out, "--n", 5)

    assert "may be filled in: name another file" in str(done.exception)
    assert out.read_bytes() == filled


@pytest.mark.rotated
def test_the_same_sheet_may_be_written_again(app, folder, tmp_path):
    arguments = ["sample", folder / "lake", "--out", tmp_path / "s.csv", "--n", 5]

    assert [run(app, *arguments).exit_code for _ in range(2)] == [0, 0]


def test_an_utterance_that_is_not_in_the_lake_is_an_error(folder, lines, tmp_path):
    lines[1][1] = "test:strange"

    with pytest.raises(UsageError, match=r"1 of the utterances.*'test:strange'"):
        commands.gold(str(folder / "lake"), [str(write(tmp_path / "s", lines))], "")


def test_an_utterance_of_another_sample_is_an_error(folder, lines, tmp_path):
    lake = Lake.open(str(folder / "lake"))
    sample, _ = draw(lake, targets_of("emotion", ["anger", "joy"]), n=2)
    for line in lines[1:]:
        line[0] = sample.sample_id

    with pytest.raises(UsageError, match=f"3 of the utterances.*{sample.sample_id}"):
        commands.gold(lake.uri, [str(write(tmp_path / "s.csv", lines))], "")


def test_a_mistake_in_the_last_file_leaves_the_lake_as_it_was(folder, lines, tmp_path):
    lake = Lake.open(str(folder / "lake"))
    before = lake.committed("annotations")
    every(2, "eve")(lines)
    good = write(tmp_path / "good.csv", lines)

    with pytest.raises(UsageError, match="cannot read"):
        commands.gold(lake.uri, [str(good), str(tmp_path / "none.csv")], "")

    assert lake.committed("annotations") == before


def halves(lines, tmp_path):
    """Returns one sheet that was filled in two copies, row 1 in the second only."""
    blank = [*lines[1][:5], "", ""]
    first = write(tmp_path / "a.csv", [lines[0], blank, *lines[2:]])
    rest = [[*line[:5], "", ""] for line in lines[2:]]
    return first, write(tmp_path / "b.csv", [lines[0], lines[1], *rest])


def test_a_sheet_filled_in_two_copies_is_put_together(folder, lines, tmp_path):
    every(2, "two")(lines)
    files = [str(path) for path in halves(lines, tmp_path)]

    assert commands.gold(str(folder / "lake"), files, "") == 0

    found = ask(
        str(folder / "lake"),
        "SELECT status, count(*) FROM annotations "
        "WHERE annotator_id = 'person:two' GROUP BY 1",
    )
    assert found == [("ok", 10)]


@pytest.mark.rotated
def test_a_cell_left_blank_in_a_larger_sheet_keeps_the_older_answer(folder, tmp_path):
    uri = str(folder / "lake")
    before: set[str] = set()
    for n in (3, 5):
        sheet = tmp_path / f"{n}.csv"
        commands.sample(
            uri, str(sheet), n=n, task="emotion", labels="anger,joy", seed=4
        )
        told = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
        for line in told[1:]:
            said = "" if line[1] in before else "no"
            line[2], line[5], line[6] = "kim", said, said
        before = {line[1] for line in told[1:]}
        commands.gold(uri, [str(write(tmp_path / f"{n}-filled.csv", told))], "")

    query = "SELECT status, count(*) FROM annotations "
    query += "WHERE annotator_id = 'person:kim' GROUP BY 1"
    assert ask(uri, query) == [("ok", 10)]


def test_two_files_of_one_rater_that_differ_are_an_error(folder, lines, tmp_path):
    first = write(tmp_path / "first.csv", lines)
    every(6, "yes")(lines)
    files = [str(first), str(write(tmp_path / "second.csv", lines))]

    with pytest.raises(
        UsageError, match=r"first\.csv and .*second\.csv: ann answered both"
    ):
        commands.gold(str(folder / "lake"), files, "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--out", ""], "--out is not a file name", id="no name"),
        pytest.param(["--out", "."], "--out '.' is a folder", id="folder"),
        pytest.param(
            ["--out", "s.csv", "--html", "."], "--html '.' is a folder", id="page"
        ),
        pytest.param(
            ["--out", "s.csv", "--html", "s.csv"], "name two files", id="one file"
        ),
        pytest.param(
            ["--out", "s.csv", "--annotator", "foo"], "no annotator 'foo'", id="who"
        ),
    ],
)
def test_a_mistaken_option_is_told_before_a_sample_is_kept(
    app, folder, tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    kept = Lake.open(str(folder / "lake")).committed("measures")

    done = run(app, "sample", folder / "lake", "--n", 4, "--seed", 77, *options)

    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert Lake.open(str(folder / "lake")).committed("measures") == kept
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_found_before_anything_is_drawn(folder):
    with pytest.raises(UsageError, match=r"no folder for '/nowhere/s\.csv'"):
        commands.sample(str(folder / "lake"), "/nowhere/s.csv", 5, task="emotion")
