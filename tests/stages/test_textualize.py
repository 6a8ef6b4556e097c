"""Cues that come later: found in parts, read by models, kept by every command."""

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectflow import runners, testing
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.runs.answers import renderers_read, visible_cues
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import last_run
from affectflow.stages.textualize import TextualizeTask, textualize_parts
from affectflow.stages.upkeep.compact import compact
from affectflow_transforms.cues.emoji import RenderEmoji
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.loudness import RenderLoudness, write_loudness
from tests.given.stage_runs import ask, counts, store

pytestmark = pytest.mark.rotated

TEXTS = ("it broke", "it is broken again", "never mind")
# The model of the package leaves out what stands around a text, unless it is told.
READ = ("--set", "cues=words")
CUES = "SELECT utterance_id, phrase, value, start_s, end_s FROM cues ORDER BY ALL"
SCORE = (
    "SELECT utterance_id, round(max(score), 4) FROM annotations "
    "WHERE label = 'anger' GROUP BY ALL ORDER BY 1"
)


def turns(*texts: str, recording: str = "call.wav", first: int = 0) -> Any:
    """Returns turns of two seconds each, one after the other."""
    starts = [2.0 * (n + first) for n in range(len(texts))]
    batch = utterances(
        *texts, media_uri=recording, start_s=starts, end_s=[s + 2 for s in starts]
    )
    ids = [f"test:{recording}-{n + first}" for n in range(len(texts))]
    return batch.set_column(0, batch.schema.field(0), pa.array(ids))


def textualize(lake_uri: str, renderer: RenderLoudness) -> dict[str, Any]:
    lake = Lake.open(lake_uri)
    config = {"renderer_id": renderer.id}
    request = new_request(lake, "textualize", config)
    task = TextualizeTask(request, renderer)
    build = partial(textualize_parts, task=task, compute=task.compute)
    runners.run(build, testing.WITH_RETRIES)
    row = last_run(lake, request)
    assert row is not None
    return row


@pytest.fixture
def lake(tmp_path: Path, own_configuration: None) -> str:
    """A lake of one recording with three turns; the second one is loud."""
    write_loudness(tmp_path / "call.csv", [60.0] * 4 + [80.0] * 4 + [50.0] * 4)
    uri = str(tmp_path / "lake")
    store(uri, turns(*TEXTS))
    return uri


def loudness(lake: str) -> RenderLoudness:
    return RenderLoudness(tracks=str(Path(lake).parent / "*.csv"))


@pytest.mark.rotated
def test_a_phrase_leads_back_to_value_time_and_renderer(lake):
    row = textualize(lake, loudness(lake))

    assert counts(row) == {"in": 3, "out": 3}
    assert dict(row["counters"]) == {"cue_loudness": 1}
    assert ask(lake, CUES) == [("test:call.wav-1", "shouting angrily", 80.0, 2.0, 3.5)]
    assert ask(lake, "SELECT DISTINCT renderer_id FROM cues") == [(loudness(lake).id,)]


def test_a_second_run_finds_nothing_new_until_the_files_change(lake):
    textualize(lake, loudness(lake))
    assert counts(textualize(lake, loudness(lake))) == {"in": 3, "unchanged": 3}

    write_loudness(Path(lake).parent / "call.csv", [80.0] * 12)
    assert counts(textualize(lake, loudness(lake))) == {"in": 3, "out": 3}
    assert len(ask(lake, CUES)) == 3


def test_annotations_made_before_are_made_again_with_the_cues(lake):
    assert affectflow("annotate", lake, *READ).code == 0
    before = ask(lake, SCORE)
    textualize(lake, loudness(lake))

    again = affectflow("annotate", lake, *READ)

    assert "3 labelled" in again.err or "3 in" in again.err
    after = dict(ask(lake, SCORE))
    assert after["test:call.wav-1"] > dict(before).get("test:call.wav-1", 0.0) + 0.1
    assert "unchanged" in affectflow("annotate", lake, *READ).err
    read = "SELECT renderer_ids FROM annotators"
    assert ask(lake, read) == [([loudness(lake).id],)]


def test_cues_of_a_text_are_read_though_a_reaction_stands_before_them(
    tmp_path, own_configuration
):
    uri, given = str(tmp_path / "lake"), [[("reaction.+1", "2")], []]
    store(uri, utterances("ok", "it broke 😡", attrs=given))
    textualize(uri, RenderEmoji())

    lake = Lake.open(uri)

    kinds = ask(uri, "SELECT modality FROM cues ORDER BY utterance_id")
    assert kinds == [("reaction",), ("text",)]
    assert len(renderers_read(lake, "text")) == 1
    assert visible_cues(lake, "text") == visible_cues(lake)
    assert renderers_read(lake, "none") == []


def test_a_lake_is_the_same_in_any_order_of_the_stages(lake, tmp_path):
    textualize(lake, loudness(lake))
    affectflow("annotate", lake, *READ)
    other = str(tmp_path / "other")
    store(other, turns(*TEXTS))
    affectflow("annotate", other, *READ)
    textualize(other, loudness(lake))
    affectflow("annotate", other, *READ)

    assert digest(other) == digest(lake)


def test_parts_merge_with_their_cues_and_nothing_is_asked_again(lake):
    store(lake, turns("it is broken", first=3))
    write_loudness(Path(lake).parent / "call.csv", [80.0] * 16)
    textualize(lake, loudness(lake))
    affectflow("annotate", lake, *READ)
    before = digest(lake)

    compact(lake)

    assert digest(lake) == before
    assert len(Lake.open(lake).parts()) == 1
    assert counts(textualize(lake, loudness(lake))) == {"in": 4, "unchanged": 4}
    assert "4 unchanged" in affectflow("annotate", lake, *READ).err


@pytest.mark.rotated
def test_an_erased_utterance_takes_its_cues_along(lake):
    textualize(lake, loudness(lake))

    erased = affectflow("erase", lake, "--utterance", "test:call.wav-1", "--yes")

    assert erased.code == 0, erased.err
    assert ask(lake, CUES) == []


def test_what_cannot_be_measured_is_counted_and_stops_nothing(lake):
    folder = Path(lake).parent
    (folder / "call.csv").write_text("seconds,volts\n0,1\n")

    row = textualize(lake, loudness(lake))

    assert counts(row) == {"in": 3, "out": 3}
    assert dict(row["counters"]) == {"no_cue_no_loudness": 1, "no_cue_not_measured": 3}


def test_a_renderer_of_text_finds_only_what_ingest_has_not(lake):
    done = affectflow("textualize", lake, "--renderer", "render-emoji")

    assert done.code == 0, done.err
    assert "3 in, 3 out" in done.err


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        pytest.param(
            "mood.csv", "time,joy\n0,1\n", "would match one named 'mood'", id="its name"
        ),
        pytest.param("call.csv", "time,joy\n0,a\n", "no column of numbers", id="text"),
        pytest.param(
            "call.csv", "time,time\n0,1\n", "two columns named 'time'", id="twice"
        ),
    ],
)
def test_where_no_file_gives_a_cue_one_line_says_why(lake, tmp_path, name, table, said):
    (tmp_path / "series").mkdir()
    file = tmp_path / "series" / name
    file.write_text(table)
    command = ["textualize", lake, "--renderer", "render-series"]

    done = affectflow(*command, "--set", f"tracks={file}")

    assert done.code == 0, done.err
    assert "cues: none" in done.err
    assert said in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--renderer", "nobody"], "no plugin", id="no such renderer"),
        pytest.param(
            ["--renderer", "render-emoji", "--set", "x=1"], "`x`", id="no such option"
        ),
    ],
)
def test_a_mistake_is_one_line(lake, arguments, said):
    done = affectflow("textualize", lake, *arguments)

    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.rotated
def test_files_that_tell_of_no_turn_are_counted_and_leave_other_cues_alone(lake):
    textualize(lake, loudness(lake))
    (Path(lake).parent / "more").mkdir()
    write_loudness(Path(lake).parent / "more" / "other.csv", [90.0] * 4)

    more = RenderLoudness(tracks=str(Path(lake).parent / "more" / "*.csv"))
    row = textualize(lake, more)

    assert dict(row["counters"]) == {"no_cue_not_measured": 3}
    assert len(ask(lake, CUES)) == 1


def test_measurements_of_somebody_who_is_not_there_are_counted(lake):
    table = "seconds,dB,speaker\n0,80,Ann\n0.5,80,Ann\n"
    (Path(lake).parent / "call.csv").write_text(table)

    row = textualize(lake, loudness(lake))

    assert dict(row["counters"]) == {"no_cue_unknown_speaker": 2}
