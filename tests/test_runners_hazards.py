"""What an engine would not run right is refused; our pipelines pass on every one."""

import functools
import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.coders.coders import IntervalWindowCoder
from apache_beam.transforms import userstate, window
from apache_beam.transforms.periodicsequence import PeriodicImpulse

from affectflow import cli, registry, runners, stages, testing, yaml
from affectflow.errors import UsageError
from affectflow.runners import hazards
from affectflow.runners.engines import ENGINES, engine_of
from affectflow.transform import BatchTransform
from tests.factories import utterances

REMOTE = tuple(each for each in ENGINES if each != "local")
JVM = ("spark", "flink", "portable")
SPARK = ("spark", "portable")

Build = Callable[[beam.Pipeline], Any]


@functools.cache
def built(build: Build) -> beam.Pipeline:
    pipeline = beam.Pipeline(runner=runners._local_runner(runners.options()))
    build(pipeline)
    return pipeline


# -- our own pipelines -------------------------------------------------------------


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
        stages.ingest(source, lake, budget=1)
        stages.annotate(
            lake, accelerator="type:nvidia-l4;count:1", min_ram="8GB", budget=1
        )
        stages.mine(lake, budget=1)
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


# -- toy pipelines, one hazard each --------------------------------------------------


def flatten_unlike(pipeline: beam.Pipeline) -> None:
    words = pipeline | "Words" >> beam.Create(["a"]).with_output_types(str)
    numbers = pipeline | "Numbers" >> beam.Create([1]).with_output_types(int)
    _ = (words, numbers) | "Join" >> beam.Flatten()


def flatten_and_group(pipeline: beam.Pipeline) -> None:
    pairs = (
        pipeline
        | "Pairs" >> beam.Create([0])
        | "Key" >> beam.Map(lambda n: (n, n)).with_output_types(tuple[int, int])
    )
    _ = pairs | "Group" >> beam.GroupByKey()
    more = pairs | "More" >> beam.Map(lambda n: n).with_output_types(tuple[int, int])
    _ = (pairs, more) | "Join" >> beam.Flatten()


class Remember(beam.DoFn):
    SEEN = userstate.BagStateSpec("seen", beam.coders.VarIntCoder())

    def process(self, element, seen=beam.DoFn.StateParam(SEEN)):  # noqa: B008
        seen.add(element[1])
        yield element[0]


def keyed(pipeline: beam.Pipeline) -> Any:
    return pipeline | "Pairs" >> beam.Create([(0, 1)]).with_output_types(
        tuple[int, int]
    )


def state(pipeline: beam.Pipeline) -> None:
    _ = keyed(pipeline) | "Remember" >> beam.ParDo(Remember()).with_output_types(int)


class Wake(beam.DoFn):
    TIMER = userstate.TimerSpec("wake", beam.TimeDomain.WATERMARK)

    def process(self, element, timer=beam.DoFn.TimerParam(TIMER)):  # noqa: B008
        timer.set(10)
        yield element[0]

    @userstate.on_timer(TIMER)
    def wake(self):
        yield 0


def timer(pipeline: beam.Pipeline) -> None:
    _ = keyed(pipeline) | "Wake" >> beam.ParDo(Wake()).with_output_types(int)


class Finalize(beam.DoFn):
    def process(self, element, finalizer=beam.DoFn.BundleFinalizerParam):
        finalizer.register(print)
        yield element


def finalization(pipeline: beam.Pipeline) -> None:
    _ = keyed(pipeline) | "Finalize" >> beam.ParDo(Finalize())


def windowed(kind: window.WindowFn) -> Build:
    def build(pipeline: beam.Pipeline) -> None:
        _ = keyed(pipeline) | "Cut" >> beam.WindowInto(kind) | beam.GroupByKey()

    return build


class OddWindows(window.NonMergingWindowFn):
    def assign(self, context):
        return [window.IntervalWindow(0, 3)]

    def get_window_coder(self):
        return IntervalWindowCoder()


def unbounded(pipeline: beam.Pipeline) -> None:
    _ = pipeline | "Clock" >> PeriodicImpulse()


def big_closure(pipeline: beam.Pipeline) -> None:
    import random

    weights = random.Random(0).randbytes(1_500_000)
    _ = keyed(pipeline) | "Score" >> beam.Map(lambda pair: weights[pair[0]])


class Upper(BatchTransform):
    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch


def to_batch(line: str) -> Iterator[pa.RecordBatch]:
    yield utterances(line)


def read_then_ours(*between: Any) -> Build:
    def build(pipeline: beam.Pipeline) -> None:
        pcoll = (
            pipeline
            | "Text" >> beam.io.ReadFromText(__file__)
            | "Batch" >> beam.FlatMap(to_batch).with_output_types(pa.RecordBatch)
        )
        for step in between:
            pcoll = pcoll | step
        _ = pcoll | "Upper" >> Upper()

    return build


def side_input(pipeline: beam.Pipeline) -> None:
    pairs = keyed(pipeline)
    lexicon = pipeline | "Lexicon" >> beam.Create(["a"])
    _ = pairs | "Look" >> beam.Map(
        lambda pair, words: len(words), beam.pvalue.AsList(lexicon)
    )


def untyped_into_ours(pipeline: beam.Pipeline) -> None:
    created = pipeline | "Batches" >> beam.Create([utterances("a")], reshuffle=False)
    _ = created | "Same" >> beam.Map(lambda batch: batch.slice(0)) | "Upper" >> Upper()


def untyped_by_name(name: str) -> Build:
    def build(pipeline: beam.Pipeline) -> None:
        numbers = pipeline | "Numbers" >> beam.Create([1]).with_output_types(int)
        _ = numbers | name >> beam.Map(lambda _: utterances("a")) | "Upper" >> Upper()

    return build


def untyped_and_reshuffled(pipeline: beam.Pipeline) -> None:
    numbers = pipeline | "Numbers" >> beam.Create([1]).with_output_types(int)
    batches = numbers | "Load" >> beam.Map(lambda _: utterances("a"))
    _ = batches | "Spread" >> beam.Reshuffle() | "Upper" >> Upper()


@beam.ptransform_fn
def join(pipeline: beam.Pipeline) -> Any:
    words = pipeline | "Words" >> beam.Create(["a"]).with_output_types(str)
    numbers = pipeline | "Numbers" >> beam.Create([1]).with_output_types(int)
    return (words, numbers) | "Flatten" >> beam.Flatten()


def flatten_inside_a_function(pipeline: beam.Pipeline) -> None:
    _ = pipeline | "Join" >> join()


HAZARDS = [
    pytest.param(
        flatten_inside_a_function, JVM, "'Join/Flatten': .*unlike", id="own composite"
    ),
    pytest.param(
        untyped_by_name("Create batches"),
        REMOTE,
        "'Create batches': .*no ty",
        id="made",
    ),
    pytest.param(
        untyped_by_name("GroupByKeyword"), REMOTE, "'GroupByKeyword': .*no t", id="word"
    ),
    pytest.param(
        untyped_and_reshuffled, REMOTE, "'Spread': .*no type", id="untyped, reshuffled"
    ),
    pytest.param(
        flatten_unlike, JVM, "step 'Join': .*unlike.*with_output_types", id="flatten"
    ),
    pytest.param(
        flatten_and_group, JVM, "step 'Key': .*#34647.*Reshuffle", id="flatten and gbk"
    ),
    pytest.param(state, SPARK, "'Remember': state .*finish_bundle", id="state"),
    pytest.param(timer, SPARK, "'Wake': state .*#20179", id="timer"),
    pytest.param(finalization, JVM, "'Finalize': .*never called", id="finalization"),
    pytest.param(
        windowed(window.SlidingWindows(4, 2)), SPARK, "'Cut': .*sliding", id="sliding"
    ),
    pytest.param(
        windowed(window.Sessions(4)), SPARK, "'Cut': .*session", id="sessions"
    ),
    pytest.param(
        windowed(OddWindows()),
        (*JVM, "prism"),
        "'Cut': windows of kind .*pickled_python.*fixed windows",
        id="custom windows",
    ),
    pytest.param(
        unbounded, ENGINES, "'Clock/.*: .*unbounded.*bounded source", id="unbounded"
    ),
    pytest.param(
        big_closure,
        REMOTE,
        r"'Score': it carries [12]\.\d MB .*setup\(\)",
        id="closure",
    ),
    pytest.param(
        read_then_ours(), JVM, "'Text/.*: .*one task.*'Upper/.*Reshuffle", id="read"
    ),
    pytest.param(
        side_input, SPARK, "'Look': .*every worker's memory.*GroupByKey", id="side"
    ),
    pytest.param(
        untyped_into_ours, REMOTE, "'Same': .*pickle record batches", id="untyped"
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("build", "engines", "line"), HAZARDS)
def test_a_hazard_is_refused_where_it_is_one_and_nowhere_else(
    build, engines, line, engine
):
    pipeline = built(build)

    if engine not in engines:
        hazards.check(pipeline, engine=engine)
        return
    with pytest.raises(UsageError, match=f"^not for {engine}: .*{line}") as raised:
        hazards.check(pipeline, engine=engine)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("engine", REMOTE)
def test_many_small_steps_that_are_large_together_are_refused(monkeypatch, engine):
    monkeypatch.setattr(hazards, "MAX_PIPELINE_BYTES", 1_000)

    with pytest.raises(UsageError, match=r"the pipeline: .* MB, .*list files on a wor"):
        hazards.check(built(keyed), engine=engine)


def co_grouped(pipeline: beam.Pipeline) -> None:
    numbers = pipeline | "Numbers" >> beam.Create([("k", 1)])
    words = pipeline | "Words" >> beam.Create([("k", "a")])
    _ = {"numbers": numbers, "words": words} | beam.CoGroupByKey()


def top(pipeline: beam.Pipeline) -> None:
    _ = pipeline | beam.Create([3, 1, 2]) | beam.combiners.Top.Of(2)


def flatten_after_the_cure(pipeline: beam.Pipeline) -> None:
    words = pipeline | "Words" >> beam.Create(["a"]).with_output_types(str)
    numbers = pipeline | "Numbers" >> beam.Create([1]).with_output_types(int)
    spelt = numbers | "Spell" >> beam.Map(str).with_output_types(str)
    _ = (words, spelt) | "Join" >> beam.Flatten()


HARMLESS = [
    pytest.param(co_grouped, id="Beam's own Flatten: CoGroupByKey"),
    pytest.param(top, id="Beam's own Flatten: Top"),
    pytest.param(flatten_after_the_cure, id="Flatten of one type"),
    pytest.param(windowed(window.FixedWindows(4)), id="fixed windows"),
    pytest.param(read_then_ours("Spread" >> beam.Reshuffle()), id="read and reshuffle"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("build", HARMLESS)
def test_what_only_looks_like_a_hazard_passes(build, engine):
    hazards.check(built(build), engine=engine)


def test_a_side_input_that_the_author_vouches_for_passes_on_spark():
    def build(pipeline: beam.Pipeline) -> None:
        with pipeline.transform_annotations(**{hazards.SMALL_SIDE_INPUT: "yes"}):
            side_input(pipeline)

    hazards.check(built(build), engine="spark")


def test_the_line_says_how_many_hazards_there_are():
    def build(pipeline: beam.Pipeline) -> None:
        flatten_unlike(pipeline)
        side_input(pipeline)

    with pytest.raises(UsageError, match=r"\(and 1 more\)$"):
        hazards.check(built(build), engine="spark")


# -- through the runner --------------------------------------------------------------


def test_a_run_is_refused_before_its_first_row(tmp_path):
    def touch(_: Any) -> None:
        (tmp_path / "ran").touch()

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | "Clock" >> PeriodicImpulse() | "Touch" >> beam.Map(touch)

    with pytest.raises(UsageError, match=r"not for local: step 'Clock/.*never ends"):
        runners.run(build, testing.LOCAL)
    assert not (tmp_path / "ran").exists()


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

    code = cli.run(["check", str(path), "--", f"--runner={runner}"])

    said = capfd.readouterr()
    assert code == (2 if line else 0)
    assert re.search(line, said.err)
    assert ("builds" in said.out) is not bool(line)


# -- names of engines ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "engine"),
    [
        ((), "local"),
        (("--runner=DirectRunner",), "local"),
        (("--runner=fnapi",), "local"),
        (("--runner=SparkRunner",), "spark"),
        (("--runner=apache_beam.runners.flink.FlinkRunner",), "flink"),
        (("--runner=PrismRunner",), "prism"),
        (("--runner=DataflowRunner",), "dataflow"),
        (("--runner=TestDataflowRunner",), "dataflow"),
        (("--runner=PortableRunner", "--job_endpoint=embed"), "local"),
        (("--runner=PortableRunner", "--job_endpoint=127.0.0.1:8099"), "portable"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_an_engine_is_known_by_the_name_of_its_runner(arguments, engine):
    assert engine_of(runners.options(arguments)) == engine
