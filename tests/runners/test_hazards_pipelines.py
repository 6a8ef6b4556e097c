"""Our stages, our steps in other pipelines and ordinary YAML pass on every engine."""

import re
import time
from importlib.resources import files
from typing import Any

import apache_beam as beam
import pytest

from affectflow import cli, registry, runners, stages, testing, yaml
from affectflow.runners import hazards
from affectflow.runners.engines import ENGINES
from tests.given.built_pipelines import Build, built

# -- our own pipelines ---------------------------------------------------------------


@pytest.fixture(scope="module")
def stages_built(
    tmp_path_factory: pytest.TempPathFactory, own_configuration: None
) -> dict[str, beam.Pipeline]:
    """The pipeline of each stage that ran over bundled conversations."""
    recorded: list[Build] = []
    run = runners.run

    def record(build: Build, arguments: Any = ()) -> None:
        recorded.append(build)
        run(build, arguments)

    lake = str(tmp_path_factory.mktemp("hazards") / "lake")
    folder = files("affectflow") / "demo"
    source = registry.load("connectors", "ReadGithub")(
        paths=[str(folder / name) for name in ("issues.json", "comments.jsonl")]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runners, "run", record)
        stages.ingest_source(source, lake, budget=1)
        stages.annotate_lake(
            lake, accelerator="type:nvidia-l4;count:1", min_ram="8GB", budget=1
        )
        stages.mine_lake(lake, budget=1)
    names = ("ingest", "annotate", "mine", "themes")
    return dict(zip(names, map(built, recorded), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stage", ["ingest", "annotate", "mine", "themes"])
def test_every_stage_passes_on_every_engine(stages_built, stage, engine):
    hazards.check(stages_built[stage], engine=engine)


@pytest.fixture(scope="module")
def somebodys_own(tmp_path_factory: pytest.TempPathFactory) -> beam.Pipeline:
    """A pipeline of plugins, as anybody may write it."""
    folder = tmp_path_factory.mktemp("own")
    file = folder / "posts.jsonl"
    file.write_text('{"utterance_id": "1", "text": "so annoying"}\n')

    def build(pipeline: beam.Pipeline) -> None:
        pcoll = pipeline | registry.load("connectors", "ReadJsonl")(paths=[str(file)])
        for name in ("NormalizeText", "Textualize", "Annotate", "MineCauses"):
            pcoll = pcoll | registry.load("transforms", name)()
        _ = pcoll | registry.load("connectors", "WriteLake")(path=str(folder / "lake"))

    return built(build)


@pytest.mark.parametrize("engine", ENGINES)
def test_our_steps_in_somebodys_own_pipeline_pass_on_every_engine(
    somebodys_own, engine
):
    hazards.check(somebodys_own, engine=engine)


def test_reading_a_proto_costs_next_to_nothing(stages_built):
    protos = [pipeline.to_runner_api() for pipeline in stages_built.values()]

    def seconds(proto: Any) -> float:
        begun = time.perf_counter()
        hazards.hazards(proto, "spark")
        return time.perf_counter() - begun

    assert max(min(seconds(proto) for _ in range(9)) for proto in protos) < 0.05


# -- pipelines in YAML ---------------------------------------------------------------


PIPELINE = """
pipeline:
  type: composite
  transforms:
    - {{type: ReadFromText, name: Lines, config: {{path: {folder}/in.txt}}}}
    - {{type: Create, name: Made, config: {{elements: [{{line: b, n: 1}}]}}}}
    - type: MapToFields
      name: Line
      input: Made
      config: {{language: python, fields: {{line: line}}}}
    - {{type: Flatten, name: Both, input: [Lines, Line]}}
    - {{type: WriteToText, name: Out, input: Both, config: {{path: {folder}/out}}}}
"""


def test_an_ordinary_yaml_pipeline_runs_locally(tmp_path):
    (tmp_path / "in.txt").write_text("a\n")
    text = PIPELINE.format(folder=tmp_path)

    runners.run(lambda pipeline: yaml.build(pipeline, text), testing.LOCAL)

    written = [path.read_text() for path in tmp_path.glob("out*")]
    assert sorted("".join(written).split()) == ["a", "b"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_ordinary_yaml_pipeline_passes_on_every_engine(tmp_path, engine):
    (tmp_path / "in.txt").write_text("a\n")
    text = PIPELINE.format(folder=tmp_path)

    hazards.check(built(lambda pipeline: yaml.build(pipeline, text)), engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["Json", "Csv"])
def test_files_that_beam_yaml_reads_pass_on_every_engine(tmp_path, kind, engine):
    path = tmp_path / "in"
    path.write_text('{"k": 1}\n' if kind == "Json" else "k\n1\n")
    text = f"pipeline: {{type: chain, transforms: [{{type: ReadFrom{kind}, config: "
    text += f"{{path: {path}}}}}, {{type: LogForTesting}}]}}"

    hazards.check(built(lambda pipeline: yaml.build(pipeline, text)), engine=engine)


CLOCK = """
pipeline:
  transforms:
    - {type: Create, name: A, config: {elements: [{n: 1}]}}
    - type: WindowInto
      name: Cut
      input: A
      config: {windowing: {type: sliding, size: 4s, period: 2s}}
"""


@pytest.mark.parametrize(
    ("runner", "line"),
    [("DirectRunner", ""), ("SparkRunner", "not for spark: step 'Cut.*sliding")],
)
def test_checking_a_yaml_pipeline_looks_for_hazards_of_the_engine(
    tmp_path, capfd, runner, line
):
    path = tmp_path / "clock.yaml"
    path.write_text(CLOCK)

    code = cli.run(["run", "--check", str(path), "--", f"--runner={runner}"])

    said = capfd.readouterr()
    assert code == (2 if line else 0)
    assert re.search(line, said.err)
    assert ("builds" in said.out) is not bool(line)
