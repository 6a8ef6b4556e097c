import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import apache_beam as beam
import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow import registry, runners, yaml
from affectflow.errors import UsageError
from affectflow.kinds.transform import BatchTransform

NAMES = [
    pytest.param(name, id=name)
    for name, kind in yaml.plugin_names().items()
    if dataclasses.is_dataclass(registry.load(kind, name))
]
EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.yaml"))


@dataclass(kw_only=True)
class Keep(BatchTransform):
    """Writes what it sees; every kind of argument that a plugin may have."""

    folder: str
    count: int = 1
    share: float = 0.5
    loud: bool = False
    limit: int | None = None
    words: tuple[str, ...] = ()
    pair: tuple[int, str] = (1, "x")
    more: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    anything: Any = None
    kind: ClassVar[str] = "no argument"

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for text in batch["text"].to_pylist():
            Path(self.folder, f"{text}.txt").touch()
        return batch


@dataclass(kw_only=True)
class ReadTwo(beam.PTransform):
    def expand(self, pbegin: Any) -> Any:
        batch = pa.record_batch({"text": ["a", "b"]})
        return pbegin | beam.Create([batch], reshuffle=False).with_output_types(
            pa.RecordBatch
        )


@pytest.fixture
def local_plugins(monkeypatch):
    plugins = {"Keep": Keep, "ReadTwo": ReadTwo}
    load, names = registry.load, registry.names

    def with_local(kind: str) -> list[str]:
        return [*names(kind), *(plugins if kind == "transforms" else ())]

    monkeypatch.setattr(
        registry, "load", lambda kind, name: plugins.get(name) or load(kind, name)
    )
    monkeypatch.setattr(registry, "names", with_local)


def build(text: str) -> None:
    yaml.build(beam.Pipeline(), text)


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_of_every_plugin_have_a_schema(name):
    plugin = registry.load(yaml.plugin_names()[name], name)

    schema = yaml.config_schema(plugin)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {
        field.name for field in dataclasses.fields(plugin) if field.init
    }
    assert json.loads(json.dumps(schema)) == schema


def test_every_transform_and_connector_is_a_type():
    provided = list(yaml.PluginProvider().provided_transforms())

    assert set(provided) == {
        *registry.names("transforms"),
        *registry.names("connectors"),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": 2},
        {"share": 1},
        {"limit": None},
        {"words": ["a", "b"]},
        {"pair": [2, "y"]},
        {"more": ["a"]},
        {"names": {"a": "b"}},
        {"places": {"a": 1}},
        {"anything": [{"a": 1}]},
        {"__line__": 3},
    ],
    ids=str,
)
def test_an_argument_of_the_right_type_is_taken(local_plugins, arguments):
    made = yaml.create("Keep", {"folder": "x", **arguments})

    assert made.folder == "x"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param({"coutn": 2}, "`coutn` of Keep; did you mean `count`", id="typo"),
        pytest.param({"count": "2"}, "'2' is not of type 'integer'", id="text"),
        pytest.param({"count": True}, "True is not of type 'integer'", id="yes"),
        pytest.param({"share": "much"}, "'much' is not of type 'number'", id="word"),
        pytest.param({"words": "ab"}, "'ab' is not of type 'array'", id="no list"),
        pytest.param({"words": [1]}, "1 is not of type 'string'", id="in a list"),
        pytest.param(
            {"pair": ["x", "y"]}, "pair: 0: 'x' is not of type", id="in a pair"
        ),
        pytest.param({"names": ["a"]}, "is not of type 'object'", id="no map"),
        pytest.param(
            {"kind": "x"}, "unknown option `kind` of Keep", id="a class variable"
        ),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(local_plugins, arguments, line):
    with pytest.raises(UsageError, match=line) as caught:
        yaml.create("Keep", {"folder": "x", **arguments})

    assert "Keep" in str(caught.value)
    assert next(iter(arguments)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_argument_that_lacks_is_named(local_plugins):
    with pytest.raises(UsageError, match=r"Keep: .*'folder' is a required property"):
        yaml.create("Keep", {})


def test_an_unknown_plugin_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"no plugin is named 'ReadJsonk'.*ReadJsonl"):
        yaml.create("ReadJsonk", {})


def test_a_pipeline_of_plugins_runs(local_plugins, tmp_path):
    text = f"""
    pipeline:
      type: chain
      transforms:
        - type: ReadTwo
        - type: Keep
          config: {{folder: {tmp_path}}}
    """

    runners.run(lambda pipeline: yaml.build(pipeline, text))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_our_own_types_run_beside_a_strangers(local_plugins, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": "1", "text": "caf\\u00e9"}\n')
    text = f"""
    pipeline:
      type: chain
      transforms:
        - type: ReadJsonl
          config:
            paths: {tmp_path}/in.jsonl
            mapping: {{utterance_id: id, text: text}}
        - type: NormalizeText
        - type: Keep
          config: {{folder: {tmp_path}}}
    """

    runners.run(lambda pipeline: yaml.build(pipeline, text))

    assert (tmp_path / "café.txt").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("pipeline: [", "cannot be built", id="no YAML"),
        pytest.param(
            "pipeline: {type: chain, transforms: [{type: Textualise}]}",
            r"did you mean Textualize\?",
            id="nearest type",
        ),
        pytest.param("just words", "must begin with `pipeline:`$", id="words"),
        pytest.param("hello: 1", "must begin with `pipeline:`$", id="no pipeline"),
        pytest.param("", "must begin with `pipeline:`$", id="empty"),
        pytest.param(
            "pipeline: {transform: []}",
            r"\('transform' was unexpected\) around line 1$",
            id="a key of Beam's",
        ),
        pytest.param(
            "pipeline: {transforms: [{type: NoSuchType}]}", "NoSuchType", id="type"
        ),
        pytest.param(
            "pipeline: {transforms: [{type: ReadTwo, config: {wrong: 1}}]}",
            "wrong",
            id="argument",
        ),
        pytest.param(
            "pipeline: {transforms: [{type: ReadCsv, config: {pathz: x}}]}",
            "unknown option `pathz` of ReadCsv; did you mean `paths`",
            id="a typo",
        ),
    ],
)
def test_what_is_wrong_with_a_pipeline_is_one_line(local_plugins, text, line):
    with pytest.raises(UsageError, match=line) as caught:
        build(text)

    assert "\n" not in str(caught.value)


def test_inputs_that_are_not_there_are_looked_for_when_asked(tmp_path):
    text = f"""
    pipeline:
      transforms: [{{type: ReadJsonl, config: {{paths: {tmp_path}/no.jsonl}}}}]
    """
    build(text)

    with pytest.raises(UsageError, match=r"no such file: '.*/no.jsonl'; give a path"):
        yaml.build(beam.Pipeline(), text, inputs=True)


@given(st.text(max_size=30))
def test_no_text_breaks_the_builder_otherwise(text):
    # No text of 30 letters is a pipeline.
    with pytest.raises(UsageError) as caught:
        build(text)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_builds(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # building makes the lake that the example names
    build(path.read_text(encoding="utf-8"))
