"""Erase: what somebody wrote is gone from every byte, and everything else stays."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.upkeep import erase as erasing
from affectflow.stages.upkeep.erase import Choice, erase
from tests.given.command_line import affectflow
from tests.given.proving import rotated
from tests.given.refusals import one_line
from tests.given.stage_runs import ask

pytestmark = pytest.mark.rotated

MAP = "utterance_id=id,text=body,speaker_id=who,conversation_id=thread,timestamp=at"
SAID = {
    "ann": ["This flaky build drives me mad, I hate it 😡", "Thanks, works now!"],
    "bob": ["I love the new parser, great work!", "No idea why it fails, annoying."],
    "cid": ["The docs are confusing, I am so frustrated by the missing page."],
}
SECRET = ["flaky build drives", "works now"]


def messages() -> Iterator[dict[str, str]]:
    for number in range(4):
        for who, texts in SAID.items():
            for place, text in enumerate(texts):
                yield {
                    "id": f"{number}-{who}-{place}",
                    "body": f"{text} ({number})",
                    "who": who,
                    "thread": f"t{number}",
                    "at": f"2024-05-0{number + 1}T10:0{place}:00Z",
                }


def ingest(lake: Path, *rows: dict[str, str]) -> str:
    file = lake.with_suffix(".jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = affectflow(
        *("ingest", file, "--to", lake, "--source", "jsonl"),
        *("--map", MAP, "--budget", "1"),
    )
    assert done.code == 0, done.err
    return done.err


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake with labels, causes, themes, people's answers and a dead letter."""
    lake = tmp_path_factory.mktemp("erase") / "lake"
    clash = {
        "id": "0-ann-0",
        "body": "flaky build drives me mad, again",
        "thread": "t0",
    }
    ingest(lake, *messages(), clash)
    for command in (["annotate", lake], ["mine", lake]):
        assert affectflow(*command).code == 0
    sheet = lake.parent / "sheet.csv"
    assert affectflow("sample", lake, "--n", "4", "--out", sheet).code == 0
    sheet.write_text(sheet.read_text().replace(",,", ",1,"))
    affectflow("gold", lake, sheet, "--rater", "judge")
    return lake


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "lake"))


def speaker(lake: Path, who: str) -> str:
    found = ask(str(lake), "SELECT utterance_id, speaker_id FROM utterances")
    return next(str(speaker_id) for id_, speaker_id in found if f"-{who}-" in id_)


def holding(lake: Path, words: list[str]) -> list[str]:
    """Returns the files, of tables and others, in which one of the words stands."""
    found = []
    for file in (path for path in lake.rglob("*") if path.is_file()):
        if file.suffix == ".parquet" and "_delta_log" not in str(file):
            said = str(pq.read_table(file).to_pylist())
        else:
            said = file.read_bytes().decode("utf-8", "replace")
        if any(word in said for word in words):
            found.append(str(file.relative_to(lake)))
    return found


def test_no_byte_of_an_erased_speaker_is_left(lake):
    ann = speaker(lake, "ann")
    words = [*SECRET, ann, "-ann-"]
    before = {file.split("/")[0] for file in holding(lake, words)}
    assert before >= {"utterances", "annotations", "causes", "dead_letters", "measures"}

    done = affectflow("erase", lake, "--speaker", ann, "--yes")

    assert done.code == 0, done.err
    assert holding(lake, words) == []
    assert ask(
        str(lake), "SELECT kind, count(*) FROM tombstones GROUP BY 1 ORDER BY 1"
    ) == [
        ("speaker", 1),
        ("utterance", 8),
    ]


def test_what_others_wrote_stays_as_it_was(lake):
    query = (
        "SELECT utterance_id, text, label, score, status FROM utterances "
        "JOIN annotations USING (utterance_id) "
        "WHERE utterances.utterance_id NOT LIKE '%-ann-%' ORDER BY ALL"
    )
    before = ask(str(lake), query)

    erase(str(lake), Choice(speakers=[speaker(lake, "ann")]))

    assert len(before) > 12
    assert ask(str(lake), query) == before
    again = affectflow("annotate", lake)
    assert "12 in, 0 out, 12 unchanged" in again.err


@pytest.mark.rotated
def test_without_yes_nothing_changes_and_what_would_go_is_counted(lake):
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}

    done = affectflow("erase", lake, "--where", "text LIKE 'Thanks%'")

    assert done.code == 0, done.err
    assert "utterances" in done.out
    assert done.last_line.startswith("nothing was removed; ")
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before


def test_what_was_erased_does_not_come_back_and_its_speaker_stays_out(lake):
    erase(str(lake), Choice(speakers=[speaker(lake, "ann")]))
    before = digest(str(lake))
    new = {"id": "9-ann-0", "body": "Me again", "who": "ann", "thread": "t9"}

    said = ingest(lake, *messages(), new)

    assert "9 erased before" in said
    assert digest(str(lake)) == before
    counted = "SELECT rows_in, rows_unchanged FROM runs WHERE stage = 'ingest'"
    assert ask(str(lake), f"{counted} ORDER BY started")[-1] == (21, 21)


def test_a_single_message_may_go_and_its_speaker_stays(lake):
    (one,) = ask(
        str(lake),
        "SELECT utterance_id FROM utterances WHERE utterance_id LIKE '%0-bob-0'",
    )
    done = erase(str(lake), Choice(utterances=[one[0]], sources=["jsonl"]))

    assert done.rows["utterances"] == 1
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(19,)]
    assert ask(str(lake), "SELECT kind FROM tombstones") == [("utterance",)]


def test_an_account_is_named_with_its_source(lake):
    done = affectflow("erase", lake, "--speaker", "jsonl:ann")

    assert "8" in done.out.split("utterances")[1].split("\n")[0]


@pytest.mark.parametrize(
    "step", rotated(["forget", "sweep_causes", "sweep_parts", "purge"])
)
def test_killed_anywhere_it_is_finished_by_the_next(lake, step, monkeypatch):
    ann = speaker(lake, "ann")
    with monkeypatch.context() as patched:
        patched.setattr(erasing, step, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erase(str(lake), Choice(speakers=[ann]))

    erase(str(lake), Choice())

    assert holding(lake, [*SECRET, ann]) == []
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(12,)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param([], ["nothing to erase: give", "--speaker"], id="no choice"),
        pytest.param(
            ["--utterance", "x"], ["no utterance", "affectflow sql"], id="none"
        ),
        pytest.param(["--speaker", "ann"], ["github:octocat"], id="no source"),
        pytest.param(
            ["--where", "texd = 1"],
            ["--where", "no column 'texd'; utterances has"],
            id="bad condition",
        ),
        pytest.param(["--where", ""], ["--where is empty"], id="empty condition"),
    ],
)
def test_a_choice_that_means_nothing_is_one_line(lake, options, words):
    assert one_line(affectflow("erase", lake, *options, "--yes"), 2, *words)


def test_a_lake_that_is_in_use_is_left_alone(lake):
    Lake.open(str(lake)).storage.write(b"{}", "_work", "progress", "run", "a.json")

    assert one_line(affectflow("erase", lake, "--where", "true"), 2, "in progress")
