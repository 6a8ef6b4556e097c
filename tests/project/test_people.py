"""What touches people is refused on every way in, before a row is read."""

import inspect
import json
from functools import partial

import apache_beam as beam
import pytest

from affectflow import people, registry, yaml
from affectflow.cli.app import MAKE_PLUGINS, app
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.mine import mine_annotator
from affectflow.stages.runs.answers import check_use, write_annotator
from affectflow.steps.mine import MineCauses
from tests.given.command_line import affectflow
from tests.given.proving import rotated
from tests.given.refusals import GOOD, MAP
from tests.given.stage_runs import ask
from tests.given.touching import (
    Place,
    in_commands,
    in_python,
    options_of,
    pipeline,
    touching,
)

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
TELLS = "reads emotions from|may tell of a person's health|tells of single persons"


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
    for way in ways:
        some = rotated if way.name == "YAML" else list
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
        takes = "context" in inspect.signature(command.callback).parameters
        wrapped = inspect.unwrap(command.callback)
        assert takes == (wrapped in MAKE_PLUGINS), command.name


def test_a_run_records_what_was_said(tmp_path):
    (tmp_path / "input.jsonl").write_text(GOOD)
    said = ["--purpose", WHY, "--context", "Research", "--allow-person-level"]
    line = ["ingest", tmp_path / "input.jsonl", "--to", tmp_path / "lake", "--map", MAP]

    assert affectflow(*line, "--source", "jsonl", *said).code == 0

    query = "SELECT purpose, context, allow_person_level FROM runs"
    assert ask(str(tmp_path / "lake"), query) == [(WHY, "research", True)]


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
    row = {"annotator_id": "voice@1", "kind": "model", "touches": ["biometric"]}
    lake = Lake.open(place.lake)
    write_annotator(lake, row)

    for read in (check_use, partial(mine_annotator_of, step=MineCauses())):
        with pytest.raises(UsageError, match=r"the annotator voice@1 reads emotions"):
            read(lake, "voice@1")
    with people.using(context="research", purpose=WHY):
        check_use(lake, "voice@1")


def mine_annotator_of(lake, annotator_id, step):
    return mine_annotator(lake, step, annotator_id, "run", 0.05, ())
