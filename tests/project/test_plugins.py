"""Every plugin of ours keeps what all plugins promise."""

import dataclasses
import importlib.metadata
import tomllib
from pathlib import Path

import pytest

from affectflow import people, registry, schemas, testing, yaml
from affectflow.errors import MissingExtraError, UsageError
from affectflow.kinds.transform import Transform

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [
    pytest.param(kind, name, id=f"{kind}-{name}")
    for kind in registry.KINDS
    for name in registry.names(kind)
    if registry.distribution(registry.find(kind, name)).startswith("affectflow 0")
]
IN_YAML = [p for p in PLUGINS if p.values[0] in ("transforms", "connectors")]
WITH_COLUMNS = [p for p in PLUGINS if hasattr(registry.load(*p.values), "provides")]
# Sources, models of transformers or of directions and keys, those without weights,
# miners that ask a model, and MaskNames need files, Endpoint a server; Annotate and
# Measure host what is checked by itself, Finetune and its like need a base, and
# tests/kinds/test_measures.py has observations for each measure.
UNCHECKED = (
    *("Embedder", "SequenceClassifier", "Generate", "FollowUpReward", "Endpoint"),
    *("Annotate", "Measure", "MaskNames", "ShiftAlong", "AnonymizeVector"),
    *("ImageClassifier", "SpeechAffect", "SpeechEmbedder", "TinySpeech"),
    *("LlmMiner", "PairMiner", "SpanMiner"),
    *("SkipChain", "PersonalityTransition", "SS3", "Finetune"),
    *("TrackRegressor", "GraphEEG", "Conditioned"),
    *("MaskedLanguage", "Distil", "Instruct"),
    *("Fuse", "FusedClassifier"),
)
CHECKED = [
    plugin
    for plugin in PLUGINS
    if plugin.values[0] not in ("connectors", "measures")
    and plugin.values[1] not in UNCHECKED
]
IN_FLIGHT = {
    **{field.name: field for field in schemas.SOURCE_BATCH},
    **schemas.FINDINGS,
}


def declared():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["project"]["entry-points"]
    return {
        (group, name, value)
        for group, points in groups.items()
        for name, value in points.items()
    }


def installed():
    return {
        (point.group, point.name, point.value)
        for point in importlib.metadata.distribution("affectflow").entry_points
        if point.group.startswith("affectflow.")
    }


def test_the_entry_points_of_pyproject_are_those_installed():
    assert installed() == declared(), "run `pip install -e .` again"


def test_every_group_of_entry_points_is_a_kind_of_plugin():
    kinds = {group.removeprefix("affectflow.") for group, *_ in declared()}

    assert kinds <= {*registry.KINDS, "data"}


CLASSES = [p for p in PLUGINS if p.values[0] not in ("parsers", "objectives")]


@pytest.mark.parametrize("name", registry.names("parsers"))
def test_a_parser_is_a_function_whose_first_line_says_what_it_reads(name):
    parser = registry.load("parsers", name)

    assert parser.__name__ == name
    assert parser.__doc__.split("\n")[0].startswith("Reads ")


@pytest.mark.parametrize(("kind", "name"), CLASSES)
def test_a_plugin_has_the_name_of_its_class_and_a_card(kind, name):
    plugin = registry.load(kind, name)

    assert plugin.__name__ == name
    assert isinstance(plugin.card, registry.Card)
    assert plugin.card.summary.strip() == plugin.card.summary != ""
    assert "\n" not in plugin.card.summary


@pytest.mark.parametrize(("kind", "name"), CLASSES)
def test_a_plugin_is_a_dataclass_of_keyword_arguments(kind, name):
    plugin = registry.load(kind, name)

    takes_nothing = plugin.__init__ is object.__init__
    assert takes_nothing or dataclasses.is_dataclass(plugin)
    assert takes_nothing or all(
        field.kw_only for field in dataclasses.fields(plugin) if field.init
    )


@pytest.mark.parametrize(("kind", "name"), WITH_COLUMNS)
def test_a_plugin_borrows_the_columns_that_the_schemas_spell(kind, name):
    plugin = registry.load(kind, name)
    columns = [*plugin.requires, *plugin.provides]

    borrowed = [c for c in columns if c.name in IN_FLIGHT]

    assert all(c.equals(IN_FLIGHT[c.name], check_metadata=True) for c in borrowed), (
        "spell a column once, in affectflow.schemas"
    )


@pytest.mark.parametrize(("kind", "name"), IN_YAML)
def test_what_yaml_may_name_is_a_transform_of_beam_or_refused_in_one_line(kind, name):
    if issubclass(registry.load(kind, name), Transform):
        return
    with pytest.raises(UsageError, match=f"{name} is not a step of a pipeline"):
        yaml.create(name, {})


@pytest.mark.parametrize(("kind", "name"), CHECKED)
def test_a_plugin_keeps_the_promises_of_its_kind(kind, name):
    plugin = registry.load(kind, name)

    with people.using(context="research", purpose="a test"):
        try:
            testing.check_plugin(kind, _made(plugin))
        except MissingExtraError as error:
            pytest.skip(str(error))


def _made(plugin):
    return plugin() if isinstance(plugin, type) else plugin


def test_sources_require_nothing_and_sinks_provide_nothing():
    for name in registry.names("connectors"):
        plugin = registry.load("connectors", name)
        source = name.startswith("Read")
        assert (len(plugin.requires) == 0) == source, name
        assert (len(plugin.provides) == 0) == (not source), name
