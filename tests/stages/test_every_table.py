"""What the rules of each table say holds, on one real lake of every stage."""

import csv
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from affectflow.lake import Lake, open_tables
from affectflow.lake.changes import diff
from affectflow.lake.commits import commit
from affectflow.lake.digest import digest
from affectflow.lake.tables import part_of, stem
from affectflow.schemas import RULES, TABLES
from affectflow.stages.runs.reading import INLINE
from affectflow.stages.runs.results import result_part
from tests.compacting.lakes import annotate
from tests.given.command_line import affectflow
from tests.given.fake_embedder import CountLetters
from tests.given.messages import messages
from tests.given.stage_runs import ask

pytestmark = pytest.mark.rotated

WHAT = ("the build", "the cache", "the nightly build", "the login", "the old cache")
SAID = [
    f"Run {n}: This is so annoying because {what} fails every night :("
    for n, what in enumerate(WHAT * 3)
]
REFUSED = '{"utterance_id": "m99", "conversation_id": "t9"}\n'
# Replies to replies write the first, `--conversations` the second, `erase` the third.
NEVER_WRITTEN = {"conversation_merges", "conversation_windows", "tombstones"}
DIGESTED = [name for name, rules in RULES.items() if rules.digest]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake of two ingests that all stages have answered, and people."""
    folder = tmp_path_factory.mktemp("every")
    lake, sheet = folder / "lake", folder / "sheet.csv"
    Lake.create(str(lake), buckets=1)
    for first, said in ((0, SAID[:9]), (9, SAID[9:])):
        file = Path(messages(folder / f"{first}.jsonl", said, first))
        file.write_text(file.read_text() + REFUSED)
        steps = ("ingest", file, "--source", "jsonl", "--budget", "0.5")
        assert affectflow(*steps, "--to", lake).code == 0
    for command in ("annotate", "mine"):
        assert affectflow(command, lake).code == 0
    annotate(str(lake), CountLetters())
    draw = ("sample", lake, "--task", "emotion", "--labels", "anger", "--n", "2")
    assert affectflow(*draw, "--out", sheet).code == 0
    answer(sheet)
    assert affectflow("gold", lake, sheet).code == 0
    return lake


def answer(sheet: Path) -> None:
    heads, *rows = csv.reader(sheet.read_text("utf-8-sig").splitlines())
    rater, anger = heads.index("rater"), heads.index("anger")
    for row in rows:
        row[rater], row[anger] = "ann", "yes"
    with sheet.open("w", newline="") as file:
        csv.writer(file).writerows([heads, *rows])


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(made, tmp_path / "lake"))


def rows_of(lake: str) -> dict[str, int]:
    """Returns how many rows each table has; of counts, what they add up to."""
    sizes = {name: "count(*)" if RULES[name].key else "sum(chosen)" for name in TABLES}
    return {
        name: ask(lake, f"SELECT {n} FROM {name}")[0][0] for name, n in sizes.items()
    }


def test_every_table_has_rules_that_name_its_columns():
    assert RULES.keys() == TABLES.keys()
    for table, rules in RULES.items():
        named = {*rules.key, *rules.erase, *rules.digest}
        assert named <= set(TABLES[table].names), table
        assert rules.remade_from in ("", *TABLES)


def test_every_table_has_rows(made):
    assert {name for name, n in rows_of(str(made)).items() if not n} == NEVER_WRITTEN


@pytest.mark.parametrize("table", [name for name, rules in RULES.items() if rules.key])
def test_keys_are_unique(made, table):
    key = ", ".join(f'"{name}"' for name in RULES[table].key)
    doubled = f"SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1"

    assert ask(str(made), doubled) == []


def test_compact_and_gc_change_no_row_and_only_the_files_that_rules_say(lake):
    before, rows, files = digest(lake), rows_of(lake), files_of(lake)

    assert affectflow("compact", lake).code == 0
    now = files_of(lake)
    assert affectflow("gc", lake, "--older-than", "0").code == 0

    assert digest(lake) == before
    assert rows_of(lake) == {**rows, "runs": rows["runs"] + 2}
    assert [len(each["utterances"]) for each in (files, now)] == [2, 1]
    (part,) = map(stem, now["utterances"])
    for table, rules in RULES.items():
        if rules.files == "own":
            assert files[table] == now[table] - own_runs(lake, table), table
        if rules.files == "results" and table != "dead_letters":
            found = [path for path in now[table] if is_of_a_part(table, path)]
            assert {part_of(path) for path in found} == {part}, table


def files_of(lake: str) -> dict[str, set[str]]:
    return {table: set(Lake.open(lake).committed(table)) for table in TABLES}


def is_of_a_part(table: str, path: str) -> bool:
    return path.startswith(INLINE) or result_part(table, path) is not None


def own_runs(lake: str, table: str) -> set[str]:
    """Returns the files that keeping the lake in order adds to a table itself."""
    if table != "runs":
        return set()
    return {
        path for path in files_of(lake)["runs"] if re.search("-(compact|gc)-", path)
    }


@pytest.mark.rotated
def test_digest_and_diff_cover_the_tables_that_rules_say(lake):
    names = "SELECT run_id || '/' || stage FROM runs ORDER BY started"
    (first, *_, last) = [name for (name,) in ask(lake, names)]
    before = digest(lake)

    assert set(before) == {*DIGESTED, "lake"}
    assert [change.table for change in diff(lake, first, last).tables] == DIGESTED
    for table in set(TABLES) - NEVER_WRITTEN:
        empty(lake, table)
        after = digest(lake)
        changed = {name for name in before if after[name] != before[name]}
        assert changed == ({table, "lake"} if table in DIGESTED else set()), table
        before = after


def empty(uri: str, table: str) -> None:
    lake = Lake.open(uri)
    commit(lake.storage, table, [], list(lake.committed(table)))


def test_nothing_tells_of_a_speaker_in_the_rows_that_rules_leave(made):
    with open_tables(str(made)) as connection:
        ids, said = somebody(connection)
        for table, rules in RULES.items():
            every = [row for (row,) in connection.sql(rows_said(table)).fetchall()]
            goes = " OR ".join(f"{each} IN $ids" for each in rules.erase) or "false"
            query = f"{rows_said(table)} WHERE NOT coalesce({goes}, false)"
            given = {"ids": ids} if rules.erase else {}
            left = [row for (row,) in connection.sql(query, params=given).fetchall()]

            if not rules.remade_from:
                assert not any(is_told(ids, said, row) for row in left), table
            if rules.erase and table != "dead_letters":
                assert any(is_told(ids, said, row) for row in every), table


def somebody(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Returns the ids of a speaker whom people were asked about, and what they said."""
    rows = connection.sql(
        "SELECT speaker_id, utterance_id, text FROM utterances WHERE speaker_id = ("
        "SELECT min(speaker_id) FROM utterances SEMI JOIN measures "
        "ON unit_id = utterance_id)"
    ).fetchall()
    speakers, utterances, texts = (list(column) for column in zip(*rows, strict=True))
    return [speakers[0], *utterances], texts


def rows_said(table: str) -> str:
    return f"SELECT t::VARCHAR FROM {table} AS t"


def is_told(ids: list[str], said: list[str], row: str) -> bool:
    found = any(re.search(rf"{re.escape(each)}\b", row) for each in ids)
    return found or any(text in row for text in said)
