"""What an engine would not run right is refused, and what only looks so passes."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.coders.coders import IntervalWindowCoder
from apache_beam.transforms import userstate, window
from apache_beam.transforms.periodicsequence import PeriodicImpulse

from affectflow import runners, testing
from affectflow.errors import UsageError
from affectflow.kinds.transform import BatchTransform
from affectflow.runners import hazards
from affectflow.runners.engines import ENGINES, engine_of
from tests.given.built_pipelines import Build, built
from tests.given.factories import utterances

REMOTE = tuple(each for each in ENGINES if each != "local")
JVM = ("spark", "flink", "portable")
SPARK = ("spark", "portable")


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
        flatten_inside_a_function,
        JVM,
        "'Join/Flatten': .*different",
        id="own composite",
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
        flatten_unlike, JVM, "step 'Join': .*different.*with_output_types", id="flatten"
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
        r"'Score': it adds [12]\.\d MB .*setup\(\)",
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

    with pytest.raises(UsageError, match=r"the pipeline: .* MB; .*list files on a wor"):
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


# -- names of engines ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "engine"),
    [
        ((), "local"),
        (("--runner=DirectRunner",), "local"),
        (("--runner=fnapi",), "local"),
        (("--runner=SparkRunner",), "spark"),
        (
            ("--runner=apache_beam.runners.portability.flink_runner.FlinkRunner",),
            "flink",
        ),
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
