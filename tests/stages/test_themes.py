"""The stage themes: causes of a whole lake, part by part."""

import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectflow import source_code, stages, testing
from affectflow.cli.show import stage_line, unnamed
from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.digest import digest
from affectflow.lake.tables import stem
from affectflow.stages.runs import run as running
from affectflow.stages.runs.request import new_request
from affectflow.stages.themes import pipeline as stage
from affectflow.stages.themes import steps as working
from affectflow.stages.themes import unchanged
from affectflow.stages.themes.units import causes_of, units
from affectflow.steps.themes import cluster
from affectflow_transforms.themes.clusterer import WordClusterer
from tests.given.factories import utterances
from tests.given.moved_lakes import FLAKY, TEXTS, moved
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated


def themes(uri: str, options: Any = ()) -> dict[str, Any]:
    return stages.cluster_themes(Lake.open(uri), "", options)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("stored") / "lake")
    Lake.create(uri, buckets=4)
    store(uri, moved(TEXTS))
    return uri


@pytest.fixture(scope="module")
def made(stored: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = shutil.copytree(stored, tmp_path_factory.mktemp("made") / "lake")
    themes(str(uri))
    return str(uri)


@pytest.fixture
def lake(stored: str, tmp_path: Path) -> str:
    """A lake with causes that nobody has clustered."""
    return str(shutil.copytree(stored, tmp_path / "lake"))


@pytest.fixture
def clustered(made: str, tmp_path: Path) -> str:
    """The same with its themes."""
    return str(shutil.copytree(made, tmp_path / "clustered"))


def test_every_part_gets_the_themes_of_all(lake):
    row = themes(lake, testing.WITH_RETRIES)

    assert len(units(Lake.open(lake))) > 3
    assert rows_of(row) == (48, 48, 0)
    assert dict(row["counters"]) == {
        "causes": 48,
        "in_no_theme": 0,
        "themes": 4,
        "theme_members": 48,
        "without_speaker": 0,
    }
    assert ask(lake, "SELECT title, size FROM themes ORDER BY ALL") == [
        ("documentation", 12),
        ("documentation", 12),
        ("flaky tests / fail / block", 12),
        ("flaky tests / fail / block", 12),
    ]
    counted = "SELECT count(*) FROM theme_members JOIN themes USING (theme_id)"
    assert ask(lake, f"{counted} WHERE size <> 12") == [(0,)]


@pytest.mark.rotated
def test_what_is_in_no_theme_is_counted_and_who_is_unknown(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, moved([*TEXTS[:4] * 3, "something else"], speaker_id=[None] * 13))

    row = themes(uri)

    # Each cause is once in each of two families; in no theme, a span counts once.
    assert stage_line(row).startswith("themes: 26 causes, 1 in no theme, ")
    assert ask(uri, "SELECT count(*) FROM causes_in_no_theme") == [(1,)]
    assert unnamed(row).startswith("themes: 26 causes by unknown speakers, where ")


def test_the_stage_answers_what_one_call_answers(clustered):
    opened = Lake.open(clustered)
    together = pa.concat_tables([causes_of(opened, unit) for unit in units(opened)])
    expected, members = cluster(WordClusterer(), together)
    wanted = sorted((row["theme_id"], row["title"]) for row in expected.to_pylist())
    found = "SELECT theme_id, title FROM themes ORDER BY ALL"
    assert ask(clustered, found) == wanted
    count = "SELECT count(*) FROM theme_members"
    assert ask(clustered, count) == [(members.num_rows,)]


def test_how_the_lake_is_cut_does_not_matter(tmp_path):
    found = set()
    for buckets in (1, 4):
        uri = str(tmp_path / str(buckets))
        Lake.create(uri, buckets=buckets)
        texts = random.Random(buckets).sample(list(enumerate(TEXTS)), len(TEXTS))
        rows = [moved([text], first=number) for number, text in texts]
        store(uri, *rows[:9])
        store(uri, *rows[9:])
        themes(uri)
        answer = digest(uri)
        found.add((answer["themes"], answer["theme_members"]))
    assert len(found) == 1


def forget(uri: str) -> None:
    """Makes the next clustering do its work, whether there is anything new or not."""
    Lake.open(uri).storage.remove_tree(*unchanged.NOTE)


def test_again_the_answer_is_the_same_and_so_are_its_files(clustered):
    files = Lake.open(clustered).committed("theme_members")
    before = digest(clustered)
    forget(clustered)

    themes(clustered)

    assert Lake.open(clustered).committed("theme_members") == files
    assert digest(clustered) == before


@pytest.mark.proof
def test_two_workers_give_the_same_answer(clustered):
    before = digest(clustered)
    forget(clustered)
    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]

    themes(clustered, two)

    assert digest(clustered) == before


def test_a_later_clustering_takes_the_place_of_the_earlier(clustered):
    store(clustered, moved(["a memory leak in the walrus driver"] * 8, first=100))

    themes(clustered)

    titles = ask(clustered, "SELECT DISTINCT title FROM themes ORDER BY 1")
    assert [title.split(" / ")[0] for (title,) in titles] == [
        "documentation",
        "flaky tests",
        "memory leak",
    ]
    lonely = "SELECT count(*) FROM theme_members ANTI JOIN themes USING (theme_id)"
    assert ask(clustered, lonely) == [(0,)]


def test_nothing_is_left_of_the_work_on_the_way(clustered):
    assert Lake.open(clustered).storage.names("_staging") == []


def test_what_a_run_left_that_was_killed_is_not_believed(lake, monkeypatch):
    def killed(*_: Any) -> None:
        raise StorageError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_replace", killed)
        # Who is killed clears nothing up.
        patch.setattr(running, "_freed", lambda *_: None)
        with pytest.raises(StorageError, match="killed"):
            themes(lake)
    assert Lake.open(lake).storage.names("_staging") != []
    assert ask(lake, "SELECT count(*) FROM themes") == [(0,)]
    store(lake, moved(["a memory leak in the walrus driver"] * 8, first=100))

    row = themes(lake)

    assert dict(row["counters"])["causes"] == 64


def test_a_lake_without_causes_has_no_themes(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("no cause at all"))

    row = themes(uri)

    assert set(dict(row["counters"]).values()) == {0}


# -- nothing new -------------------------------------------------------------------


def rows_of(run: dict[str, Any]) -> tuple[int, int, int]:
    return run["rows_in"], run["rows_out"], run["rows_unchanged"]


def test_themes_of_the_same_causes_are_not_made_again(clustered):
    before = digest(clustered)

    again = themes(clustered)

    assert rows_of(again) == (48, 0, 48)
    assert stage_line(again).startswith("themes: nothing new (")
    assert digest(clustered) == before


def another_message(lake: str, patch: pytest.MonkeyPatch) -> None:
    store(lake, moved([FLAKY], first=100))


def another_title(lake: str, patch: pytest.MonkeyPatch) -> None:
    store(lake, moved(TEXTS[:1], title="flaky documentation"))


def other_settings(lake: str, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(WordClusterer.__init__.__kwdefaults__, "min_size", 2)


def other_code(lake: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(source_code.platform, "python_version", lambda: "3.99")


def unreadable_code(lake: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(source_code, "_folder", lambda _: None)


def no_themes(lake: str, patch: pytest.MonkeyPatch) -> None:
    opened = Lake.open(lake)
    commit(opened.storage, "themes", [], list(opened.committed("themes")))


def lost_members(lake: str, patch: pytest.MonkeyPatch) -> None:
    opened = Lake.open(lake)
    first = next(iter(opened.committed("theme_members")))
    opened.storage.remove_tree("theme_members", first)


def emptied_note(lake: str, patch: pytest.MonkeyPatch) -> None:
    Lake.open(lake).storage.write(b"", *unchanged.NOTE)


@pytest.mark.parametrize(
    "change",
    [
        emptied_note,
        another_message,
        another_title,
        other_settings,
        other_code,
        unreadable_code,
        no_themes,
        lost_members,
    ],
)
@pytest.mark.rotated
def test_themes_are_made_again_when_anything_they_rest_on_is_another(
    clustered, change, monkeypatch
):
    change(clustered, monkeypatch)

    row = themes(clustered)

    assert (row["rows_unchanged"], row["rows_out"] >= 48) == (0, True)
    assert ask(clustered, "SELECT count(*) FROM themes") == [(4,)]
    members = [stem(path) for path in Lake.open(clustered).committed("theme_members")]
    there = Lake.open(clustered).storage.names("theme_members")
    assert {f"{name}.parquet" for name in members} <= set(there)


def test_a_clustering_that_another_replaced_is_not_taken_for_the_newest(
    lake, monkeypatch
):
    replace = stage._replace

    def overtaken(opened: Any, files: Any) -> None:
        replace(opened, files)
        if monkeypatch:
            monkeypatch.undo()
            commit(opened.storage, "themes", [], list(opened.committed("themes")))

    monkeypatch.setattr(stage, "_replace", overtaken)
    themes(lake)

    assert themes(lake)["rows_unchanged"] == 0


# -- adding up and the commit --------------------------------------------------------


def test_tallies_wait_to_be_added_up_together():
    merged = []

    def merge(found: list[bytes]) -> bytes:
        merged.append(len(found))
        return b"".join(sorted(found))

    adding = stage.AddUp(merge)
    accumulator = adding.create_accumulator()
    for number in range(20):
        accumulator = adding.add_input(accumulator, bytes([number]))
    other = adding.add_input(adding.create_accumulator(), b"z")

    both = adding.merge_accumulators([accumulator, other])

    assert sorted(adding.extract_output(both)) == sorted([*range(20), ord("z")])
    assert merged == [16, 6, 1]


def test_two_clusterings_at_once_end_as_one_of_them(lake, monkeypatch):
    """A second run commits both tables between the two commits of the first."""
    commit = stage.commit_serially
    done: list[str] = []

    def overtaken(lake_: Any, table: str, change: Any) -> None:
        if table == "themes" and not done:
            done.append(table)
            store(lake, moved(["a memory leak in the walrus driver"] * 8, first=100))
            themes(lake)
        commit(lake_, table, change)

    monkeypatch.setattr(stage, "commit_serially", overtaken)
    themes(lake)

    lonely = "SELECT count(*) FROM theme_members ANTI JOIN themes USING (theme_id)"
    assert ask(lake, lonely) == [(0,)]
    empty = "SELECT count(*) FROM themes ANTI JOIN theme_members USING (theme_id)"
    assert ask(lake, empty) == [(0,)]


def test_a_retry_of_a_commit_changes_nothing(lake, monkeypatch):
    asked: dict[str, Any] = {}
    mark_of, write_run = stage.mark_of, stage.write_run

    def marked(receipts: list[Any]) -> str:
        asked["receipts"] = list(receipts)
        return mark_of(receipts)

    def noted(opened: Any, request: Any, summed: Any, mark: str) -> Any:
        asked["request"] = request
        return write_run(opened, request, summed, mark=mark)

    monkeypatch.setattr(stage, "mark_of", marked)
    monkeypatch.setattr(stage, "write_run", noted)
    first = themes(lake)
    before = digest(lake)

    row = stage.commit_themes(**asked, clusterer=WordClusterer())

    assert row["ended"] == first["ended"]
    assert digest(lake) == before


def test_a_second_plan_names_the_units_of_the_first(lake):
    opened = Lake.open(lake)
    request = new_request(opened, "themes", {})
    first = list(working.plan("", request))
    store(lake, moved(TEXTS[:4], first=200))

    assert list(working.plan("", request)) == first
