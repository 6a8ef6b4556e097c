"""`affectflow export --for replication`: labels leave the lake, words do not."""

import csv
import hashlib
import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from affectflow.cli import validation
from affectflow.export.columns import COLUMNS
from affectflow.gold.asking.answers import import_answers
from affectflow.gold.asking.reading import read_answers
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.schemas import TABLES
from affectflow.stages.upkeep.erase import Choice, erase
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask
from tests.given.validation_lakes import fill, label, made, yes_if

PEOPLE_WROTE = ("text", "title")
SHINGLE = 5


def exported(lake, folder: Path, *more: str) -> Path:
    asked = ("--for", "replication", "--to", folder, "--format", "json", *more)
    done = affectflow("export", lake, *asked)
    assert done.code == 0, done.err
    assert {row["file"] for row in done.rows} == {p.name for p in folder.iterdir()}
    return folder


def rows(folder: Path, table: str) -> list[dict]:
    return pq.read_table(folder / f"{table}.parquet").to_pylist()


def said_in(folder: Path) -> str:
    """Returns everything that the files of a folder say, as one text."""
    said = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            said.append(json.dumps(table.to_pylist(), default=str, ensure_ascii=False))
            said.append(str(table.schema))
        else:
            said.append(path.read_text("utf-8"))
    return "\n".join(said)


def shingles(text: str) -> list[str]:
    """Returns all runs of words in a text; all of a shorter text."""
    words = text.split()
    starts = range(max(1, len(words) - SHINGLE + 1))
    return [" ".join(words[start : start + SHINGLE]) for start in starts]


@pytest.fixture(scope="module")
def whole(demo, tmp_path_factory) -> Path:
    """The demo, exported."""
    return exported(demo[1], tmp_path_factory.mktemp("export") / "demo")


def _is_of_one_or_two(text: str) -> bool:
    return "1 is" in text or "2 is" in text


@pytest.fixture
def checked(tmp_path) -> str:
    """A lake whose labels two people have checked; about half of them are wrong."""
    uri = made(tmp_path / "lake")
    label(uri, _is_of_one_or_two, task="frustration", name="frustration")
    sheet = tmp_path / "sheet.csv"
    assert validation.sample(uri, str(sheet), n=60, seed=1) == 0
    for rater in ("ann", "ben"):
        filled = fill(sheet, yes_if("broken"), rater)
        import_answers(Lake.open(uri), read_answers(Lake.open(uri), filled, rater))
    assert affectflow("gold", uri).code == 0
    return uri


@pytest.mark.rotated
def test_no_text_of_the_lake_is_in_any_file(demo, whole):
    said = said_in(whole)
    written = [
        text
        for column in PEOPLE_WROTE
        for (text,) in ask(str(demo[1]), f"SELECT DISTINCT {column} FROM utterances")
        if text
    ]

    assert len(written) > 400
    # A lone word or two, as `thanks`, may be a label or a name of a column, too.
    telling = [each for text in written for each in shingles(text) if len(each) >= 15]
    assert len(telling) > 5_000
    assert not [each for each in telling if each in said]


def test_no_word_of_a_cause_or_a_theme_is_in_any_file(demo, whole):
    said = said_in(whole)
    causes = ask(str(demo[1]), "SELECT cause_text FROM causes WHERE status = 'ok'")
    titles = ask(str(demo[1]), "SELECT title FROM themes")

    assert len(causes) > 100
    assert not [c for (c,) in causes if len(c) >= 15 and c in said]
    assert not [t for (t,) in titles if len(t) >= 8 and t in said]


@pytest.mark.rotated
def test_nobody_is_in_it_unless_asked_for(demo, whole, tmp_path):
    speakers = ask(str(demo[1]), "SELECT DISTINCT speaker_id FROM utterances")
    ids = [name for (name,) in speakers if name]
    told = exported(demo[1], tmp_path / "told", "--with-speakers")

    assert len(ids) == 64
    assert not [each for each in ids if each in said_in(whole)]
    assert {row["speaker_id"] for row in rows(told, "utterances")} - {None} == set(ids)


def test_every_label_is_there_by_the_id_of_its_message(demo, whole):
    sql = "SELECT utterance_id, annotator_id, task, label, chosen FROM annotations"
    labels = [
        tuple(r[n] for n in ("utterance_id", "annotator_id", "task", "label", "chosen"))
        for r in rows(whole, "annotations")
    ]

    key = str
    assert sorted(labels, key=key) == sorted(ask(str(demo[1]), sql), key=key)
    ids = {row["utterance_id"] for row in rows(whole, "utterances")}
    assert {each[0] for each in labels} <= ids


def test_annotators_have_the_digest_of_their_weights_and_the_code_book_their_labels(
    whole,
):
    (model,) = [r for r in rows(whole, "annotators") if r["kind"] == "model"]
    with (whole / "codebook.csv").open(encoding="utf-8", newline="") as file:
        meanings = {line["label"]: line["definition"] for line in csv.DictReader(file)}

    assert model["annotator_id"].startswith(f"EmbeddedEmotions@{model['revision'][:8]}")
    assert meanings["frustration"].startswith(
        "The author expresses their own displeasure"
    )
    assert "versions" in rows(whole, "runs")[0]


def test_the_manifest_has_the_digest_of_each_file_and_of_the_lake(demo, whole):
    manifest = json.loads((whole / "manifest.json").read_text())

    assert manifest["digests"] == digest(str(demo[1]))
    assert set(manifest["files"]) | {"manifest.json"} == {
        p.name for p in whole.iterdir()
    }
    for name, told in manifest["files"].items():
        content = (whole / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told["sha256"]


def test_the_readme_names_every_file(whole):
    readme = (whole / "README.md").read_text()

    assert not [
        p.name
        for p in whole.iterdir()
        if f"`{p.name}`" not in readme and p.name != "README.md"
    ]


@pytest.mark.rotated
def test_samples_keep_their_probabilities_and_people_get_numbers(checked, tmp_path):
    folder = exported(checked, tmp_path / "out")

    drawn = [r for r in rows(folder, "measures") if r["kind"] == "inclusion"]
    assert len(drawn) == 60
    assert all(0 < row["value"] <= 1 for row in drawn)
    assert {row["fitted_on"] for row in drawn} == {None}
    people = {
        r["annotator_id"] for r in rows(folder, "annotators") if r["kind"] == "person"
    }
    answers = {r["annotator_id"] for r in rows(folder, "annotations")}
    assert people == {"person:1", "person:2"} <= answers
    assert not [
        name for name in ("person:ann", "person:ben") if name in said_in(folder)
    ]
    assert "precision" in {row["kind"] for row in rows(folder, "measures")}


@pytest.mark.rotated
def test_the_readme_says_how_to_compute_the_figures_of_gold_again(
    checked, tmp_path, monkeypatch
):
    folder = exported(checked, tmp_path / "out")
    readme = (folder / "README.md").read_text("utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    kept = {each["kind"]: each["value"] for each in rows(folder, "measures")}
    monkeypatch.chdir(folder)

    ((_, precision, recall),) = duckdb.sql(query).fetchall()

    assert 0 < kept["precision"] < 1
    assert precision == pytest.approx(kept["precision"])
    assert recall == pytest.approx(kept["recall"])


@pytest.mark.rotated
def test_what_is_erased_is_absent(checked, tmp_path):
    before = exported(checked, tmp_path / "before")
    gone = next(r for r in rows(before, "measures") if r["kind"] == "inclusion")[
        "unit_id"
    ]
    assert gone in said_in(before)

    erase(checked, Choice(utterances=[gone]))

    after = exported(checked, tmp_path / "after")
    assert f'"{gone}"' not in said_in(after)
    assert len(rows(after, "utterances")) == len(rows(before, "utterances")) - 1


def test_a_column_that_leaves_is_one_that_the_table_has():
    for table, columns in COLUMNS.items():
        assert set(columns) <= set(TABLES[table].names), table
        assert not set(columns) & {"text", "title", "attrs", "raw", "cause_text", "url"}


def test_a_folder_with_files_is_left_alone(demo, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    done = affectflow("export", demo[1], "--for", "replication", "--to", tmp_path)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "already holds files (mine.txt" in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_purpose_is_a_usage_error(demo, tmp_path):
    done = affectflow("export", demo[1], "--for", "sale", "--to", tmp_path / "x")

    assert done.code == 2
    assert "replication" in done.err
