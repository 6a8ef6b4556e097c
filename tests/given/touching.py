"""All ways in which a plugin is made: commands, YAML, Python, and those of a replay."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import apache_beam as beam

from affectflow import registry, yaml
from affectflow.errors import UsageError
from affectflow.stages import replay
from affectflow.stages.measure import measure_file
from affectflow.steps.annotate import Annotate, handler_for
from affectflow.steps.measure import Measure
from affectflow.steps.mine import MineCauses
from affectflow.steps.textualize import Textualize
from affectflow.steps.themes import ClusterThemes
from tests.given.command_line import affectflow

WANTED = {
    "paths": ["x.jsonl"],
    "path": "made",
    "model": "org/name",
    "name": "TextOverlap",
}
"""Values of options that a plugin needs; of others any word will do."""


class Way(NamedTuple):
    """One way to make a plugin of a kind; `go` takes its name and the flags."""

    kind: str
    name: str
    go: Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Place:
    """A lake, and the files that commands name."""

    folder: Path

    def __getattr__(self, name: str) -> str:
        return str(self.folder / name)


def touching(kind: str, name: str, *touched: str) -> Any:
    """Lets an installed plugin touch something while the block lasts."""
    plugin = registry.load(kind, name)
    card = dataclasses.replace(plugin.card, touches=touched)
    return mock.patch.object(plugin, "card", card)


def options_of(kind: str, name: str) -> dict[str, Any]:
    """Returns the options that a plugin cannot do without."""
    plugin = registry.load(kind, name)
    fields = dataclasses.fields(plugin) if dataclasses.is_dataclass(plugin) else ()
    needed = {f.name for f in fields if f.default is f.default_factory}
    return {key: WANTED.get(key, "any") for key in sorted(needed)}


def in_python(place: Place) -> Iterator[Way]:
    """Yields the ways of Python and YAML."""
    for kind in registry.BASES:
        yield Way(kind, "registry", lambda n, k=kind: made(k, n))
    for kind in ("transforms", "connectors"):
        yield Way(kind, "YAML", lambda n, k=kind: built(n, options_of(k, n)))
    yield Way("models", "transform", lambda n: Annotate(model=n, options=given(n)))
    yield Way("models", "frame", lambda n: handler_for(n, "", given(n)))
    yield Way("models", "YAML", lambda n: built("Annotate", annotating(n)))
    yield Way("models", "replay", lambda n: replay._handler_of(letter(n)))
    yield Way("miners", "transform", lambda n: MineCauses(**mining(n)))
    yield Way("miners", "YAML", lambda n: built("MineCauses", mining(n)))
    yield Way("miners", "replay", lambda n: replay._step_of(mined(n)))
    yield Way("clusterers", "step", lambda n: ClusterThemes(clusterer=n))
    yield Way("renderers", "transform", lambda n: Textualize(renderers=(n,)))
    yield Way("renderers", "YAML", lambda n: built("Textualize", {"renderers": [n]}))
    yield Way("measures", "transform", lambda n: Measure(name=n))
    yield Way("measures", "YAML", lambda n: built("Measure", {"name": n}))
    yield Way("measures", "file", lambda n: measure_file(place.rows, n))


def in_commands(place: Place) -> Iterator[Way]:
    """Yields the commands; each takes flags behind the name of the plugin."""
    lake, to = place.lake, ["--to", place.other]

    def says(*line: str, then: str = "") -> Callable[..., Any]:
        """The command with the name at its end, or behind `then`."""
        option = [then] if then else []
        return lambda name, *flags: ran(*line, *option, name, *flags)

    for command in ("annotate", "plan"):
        yield Way("models", command, says(command, lake, then="--model"))
    yield Way("models", "analyze", says("analyze", place.rows, *to, then="--model"))
    for line in (("mine", lake), ("plan", lake), ("analyze", place.rows, *to)):
        yield Way("miners", line[0], lambda n, *f, w=line: ran(*w, *with_miner(n), *f))
        yield Way("clusterers", line[0], says(*line, then="--clusterer"))
    for command in ("ingest", "plan", "analyze"):
        line = (command, place.rows, *to)
        yield Way("connectors", command, says(*line, then="--source"))
    yield Way("measures", "measure", lambda n, *f: ran("measure", n, lake, *f))
    folders = ["--data", place.folder, "--out", place.out]
    yield Way("trainers", "train", lambda n, *f: ran(*training(n), *folders, *f))
    yield Way("transforms", "run", lambda n, *f: ran("run", written(place, n), *f))
    for kind in registry.BASES:
        yield Way(kind, "plugins test", lambda n, *f, k=kind: tested(k, n, *f))


def made(kind: str, name: str) -> Any:
    """Makes a plugin by the registry."""
    return registry.make(kind, name, options_of(kind, name))


def given(name: str) -> dict[str, Any]:
    """Returns the options that a model needs; `model` is its own name here."""
    return options_of("models", name)


def annotating(name: str) -> dict[str, Any]:
    """Returns the settings of a step that annotates."""
    return {"model": name, "options": given(name)}


def mining(name: str) -> dict[str, Any]:
    """Returns the settings of a step that mines."""
    return {"miner": name, "miner_options": options_of("miners", name)}


def mined(name: str) -> dict[str, Any]:
    """Returns the settings of a run that mined."""
    return {"plugin": name, "options": options_of("miners", name)}


def training(name: str) -> list[str]:
    """Returns the words of a command that train, with what the trainer needs."""
    needed = options_of("trainers", name).items()
    return ["train", name, *(w for k, v in needed for w in ("--set", f"{k}={v}"))]


def with_miner(name: str) -> list[str]:
    """Returns the words of a command that name a miner, with what it needs."""
    needed = options_of("miners", name).items()
    return ["--miner", name, *(w for k, v in needed for w in ("--set", f"{k}={v}"))]


def letter(name: str) -> dict[str, Any]:
    """Returns the settings of a run that left dead letters."""
    return {"handler": name, "arguments": given(name), "annotator_id": "another@1"}


def built(type_: str, config: dict[str, Any]) -> Any:
    """Builds a pipeline of one step in YAML."""
    text = pipeline(type_, config)
    return yaml.build(beam.Pipeline(), text)


def pipeline(type_: str, config: dict[str, Any]) -> str:
    """Returns a pipeline in YAML; JSON is YAML."""
    import json

    first = {"type": "Create", "config": {"elements": [{"text": "so"}]}}
    steps = [{"type": type_, "config": config}]
    steps = steps if type_.startswith("Read") else [first, *steps]
    return json.dumps({"pipeline": {"type": "chain", "transforms": steps}})


def tested(kind: str, name: str, *flags: str) -> None:
    """Runs `plugins test` with the options that a plugin needs."""
    needed = options_of(kind, name).items()
    pairs = (f"{key}={value[0] if key == 'paths' else value}" for key, value in needed)
    settings = (word for pair in pairs for word in ("--set", pair))
    ran("plugins", "test", name, "--kind", kind, *settings, *flags)


def written(place: Place, name: str) -> str:
    """Writes a pipeline with a transform."""
    text = pipeline(name, options_of("transforms", name))
    Path(place.yaml).write_text(text)
    return place.yaml


def ran(*line: Any) -> None:
    """Runs a command.

    Raises:
      UsageError: it ended with exit code 2, and one line.
    """
    done = affectflow(*line)
    assert "Traceback" not in done.err
    if done.code == 2:
        raise UsageError(done.last_line)
    assert done.code == 0, done.out + done.err
