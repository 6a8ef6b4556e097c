"""What touches people is refused on every way in, before a row is read."""

import inspect
import json
from functools import partial
from unittest import mock

import apache_beam as beam
import pytest

from affectflow import defaults, people, registry, yaml
from affectflow.cli.app import MAKE_PLUGINS, app
from affectflow.errors import UsageError
from affectflow.lake import Lake, open_tables
from affectflow.stages.annotate import task_for
from affectflow.stages.mine import mine_annotator
from affectflow.stages.runs.answers import check_cues, check_use, write_annotator
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import write_run
from affectflow.steps.annotate import handler_for
from affectflow.steps.mine import MineCauses
from tests.given.command_line import affectflow
from tests.given.people import add_rows
from tests.given.proving import rotated
from tests.given.touching import (
    Place,
    in_commands,
    in_python,
    options_of,
    pipeline,
    ran,
    touching,
)
from tests.given.view_lakes import label

WHY = "a study"
FLAGS = {
    "biometric": ["--context", "workplace", "--purpose", WHY],
    "health": ["--context", "insurance"],
    "person": ["--purpose", WHY],
}
SAID = {
    "biometric": [
        {},
        {"context": "workplace", "purpose": WHY},
        {"context": "research"},
    ],
    "health": [{"context": c} for c in ("workplace", "education", "hiring")],
    "person": [{}, {"purpose": WHY}],
}
TELLS = "reads emotions from|may reveal a person's health|tells about individual people"


@pytest.fixture(scope="module")
def place(tmp_path_factory, own_configuration):
    place = Place(tmp_path_factory.mktemp("people"))
    Lake.create(place.lake)
    (place.folder / "rows").write_text("{}\n")
    return place


def refused(way, name, *flags):
    with pytest.raises(UsageError, match=TELLS):
        way.go(name, *flags)


def test_every_plugin_of_the_registry_is_refused_on_every_way_of_python(place):
    ways = list(in_python(place))
    assert {way.kind for way in ways} == set(registry.BASES)
    dear = [way for way in ways if way.name == "YAML"]
    for way in [*(way for way in ways if way not in dear), *rotated(dear, 2)]:
        some = rotated if way in dear else list
        for name, touched in some(cases(way.kind)):
            with touching(way.kind, name, touched):
                for said in some(SAID[touched]):
                    with people.using(**said):
                        refused(way, name)


def cases(kind):
    """Every plugin of a kind, with everything that it could touch."""
    return [(name, each) for name in registry.names(kind) for each in people.TOUCHES]


def test_every_command_that_makes_plugins_refuses_one_of_each_kind(place):
    before = sorted(path.name for path in place.folder.rglob("*"))
    ways = list(in_commands(place))
    assert {way.kind for way in ways} == set(registry.BASES)
    for way in ways:
        named = [case for case in cases(way.kind) if is_named(way.kind, case[0])]
        for name, touched in rotated(named):
            with touching(way.kind, name, touched):
                refused(way, name, *FLAGS[touched])
    after = sorted(path.name for path in place.folder.rglob("*"))
    assert after == sorted([*before, "yaml"])


def is_named(kind, name):
    """Whether commands name it: no sink, and no model that is named by its folder."""
    return name != "WriteLake" and not (kind == "models" and options_of(kind, name))


def test_the_commands_that_say_why_are_those_that_make_plugins():
    for command in app.registered_commands:
        takes = "allow_person_level" in inspect.signature(command.callback).parameters
        own = inspect.unwrap(command.callback, stop=lambda f: f in MAKE_PLUGINS)
        assert takes == (own in MAKE_PLUGINS), command.callback


def test_a_run_records_what_was_said(place):
    lake = Lake.open(place.lake)
    with people.using(purpose=WHY, context="Research", allow_person_level=True):
        write_run(lake, new_request(lake, "annotate", {}), Receipt())

    query = "SELECT purpose, context, allow_person_level FROM runs"
    with open_tables(place.lake) as connection:
        assert connection.sql(query).fetchall() == [(WHY, "research", True)]


def test_a_pipeline_in_yaml_says_it_under_people():
    step = pipeline("ReadGithub", {"paths": ["issues.json"]})
    said = json.dumps({"purpose": WHY, "context": "research"})
    text = step.replace('{"pipeline"', f'{{"people": {said}, "pipeline"')
    with touching("connectors", "ReadGithub", "biometric"):
        yaml.build(beam.Pipeline(), text)
        with pytest.raises(UsageError, match="refused in the context 'education'"):
            yaml.build(beam.Pipeline(), text.replace("research", "education"))

    with pytest.raises(UsageError, match="`people` takes purpose and context"):
        yaml.build(beam.Pipeline(), text.replace("context", "contxet"))


def test_answers_touch_what_their_annotator_touches_whoever_reads_them(place):
    lake = Lake.open(place.lake)
    voice = {"annotator_id": "voice@1", "kind": "model", "touches": ["biometric"]}
    write_annotator(lake, voice)
    after = {"annotator_id": "after@1", "touches": [], "over": "voice@1"}
    write_annotator(lake, voice | after)
    add_rows(place.lake, "annotations", [label("s:1", "joy", annotator_id="voice@1")])
    said = ["--context", "workplace", "--purpose", WHY]

    for reads in (check_use, partial(mine_annotator_of, step=MineCauses())):
        for annotator_id in ("voice@1", "after@1"):
            with pytest.raises(UsageError, match=r"the annotator voice@1 reads emot"):
                reads(lake, annotator_id)
    for line in (
        ["mine", place.lake],
        ["annotate", place.lake, "--over", "voice", "--only-below", "0.5"],
    ):
        with pytest.raises(UsageError, match=r"the annotator voice@1 reads emotions"):
            ran(*line, *said)
    with people.using(context="research", purpose=WHY):
        check_use(lake, "after@1")


@pytest.mark.rotated
def test_cues_touch_what_their_renderer_touches_whoever_reads_them(voiced):
    lake, said = voiced, ["--context", "workplace", "--purpose", WHY]
    words = ("--set", "cues=words")

    with pytest.raises(UsageError, match=r"cues of opensmile@2\S* reads emotions"):
        ran("annotate", lake, *words, *said)
    request = new_request(Lake.open(lake), "annotate", {})
    with pytest.raises(UsageError, match=r"add --context .*; --set cues=as_writ"):
        task_for(request, handler_for(defaults.MODEL, options={"cues": "words"}))
    # What comes with the package reads the cues of the text only.
    task_for(request, handler_for(defaults.MODEL))
    done = affectflow(
        "annotate", lake, *words, "--context", "research", "--purpose", WHY
    )
    assert done.code == 0, done.err
    # What was read with the voice is of the voice: miners are refused likewise.
    with pytest.raises(UsageError, match=r"which has read opensmile@2\S*, reads emo"):
        ran("mine", lake, *said)


def test_cues_of_what_is_not_installed_touch_what_their_modality_says(voiced):
    lake = Lake.open(voiced)
    with (
        mock.patch.object(registry, "names", return_value=[]),
        pytest.raises(UsageError, match="reads emotions from voice"),
    ):
        check_cues(lake)


@pytest.fixture(scope="module")
def voiced(tmp_path_factory, own_configuration) -> str:
    """A lake with cues of a voice."""
    folder = tmp_path_factory.mktemp("voiced")
    turns = [
        {"utterance_id": f"{n}", "text": f"I hate it {n} times!", "speaker_id": "ann"}
        | {"conversation_id": "a", "media_uri": "a.wav", "start_s": n, "end_s": n + 1}
        for n in range(4)
    ]
    lines = "".join(json.dumps(turn) + "\n" for turn in turns)
    (folder / "clips.jsonl").write_text(lines)
    (folder / "a.csv").write_text("frameTime,loudnessPeaksPerSec\n0,4\n1,4\n2,4\n3,9\n")
    lake = str(folder / "lake")
    voice = ("textualize", lake, "--renderer", "RenderOpenSmile", "--set")
    for line in (
        ("ingest", folder / "clips.jsonl", "--to", lake),
        (*voice, f"tracks={folder}/a.csv", "--context", "research", "--purpose", WHY),
    ):
        done = affectflow(*line)
        assert done.code == 0, done.err
    return lake


def mine_annotator_of(lake, annotator_id, step):
    return mine_annotator(lake, step, annotator_id, "run", 0.05, ())
