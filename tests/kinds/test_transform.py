import datetime as dt
import pickle
from dataclasses import dataclass
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow import testing
from affectflow.errors import MissingColumnError, UsageError
from affectflow.kinds.transform import (
    BatchTransform,
    Chain,
    ConversationTransform,
    Transform,
)
from affectflow.schemas import TIME

TEXT = pa.field("text", pa.string())
LENGTH = pa.field("length", pa.int32())
TURN = pa.field("turn", pa.int32())


@dataclass(kw_only=True)
class Count(BatchTransform):
    """Counts letters; cannot count a text with a `!`."""

    at_least: int = 0

    requires: ClassVar[pa.Schema] = pa.schema([TEXT])
    provides: ClassVar[pa.Schema] = pa.schema([LENGTH])

    def process_batch(self, batch):
        if pc.any(pc.match_substring(batch["text"], "!")).as_py():
            raise ValueError("cannot count a shout")
        length = pc.max_element_wise(pc.utf8_length(batch["text"]), self.at_least)
        return batch.append_column("length", length)


@dataclass(kw_only=True)
class Halve(BatchTransform):
    requires: ClassVar[pa.Schema] = pa.schema([LENGTH])
    provides: ClassVar[pa.Schema] = pa.schema([pa.field("half", pa.float64())])

    def process_batch(self, batch):
        return batch.append_column("half", pc.divide(batch["length"].cast("double"), 2))


@dataclass(kw_only=True)
class Read(Transform):
    texts: tuple[str, ...] = ("a", "bcd")

    provides: ClassVar[pa.Schema] = pa.schema([TEXT])

    def expand(self, pbegin: Any) -> Any:
        batch = pa.record_batch({"text": list(self.texts)})
        return pbegin | beam.Create([batch], reshuffle=False).with_output_types(
            pa.RecordBatch
        )


@dataclass(kw_only=True)
class Number(ConversationTransform):
    """Numbers the turns of each conversation; refuses one that says `stop`."""

    requires: ClassVar[pa.Schema] = pa.schema(
        [pa.field("conversation_id", pa.string()), pa.field("timestamp", TIME)]
    )
    provides: ClassVar[pa.Schema] = pa.schema([TURN])

    def process_conversations(self, batch):
        if "stop" in batch["text"].to_pylist():
            raise ValueError("stop")
        turns, last = [], None
        for conversation in batch["conversation_id"].to_pylist():
            turns.append(turns[-1] + 1 if turns and conversation == last else 0)
            last = conversation
        return batch.append_column("turn", pa.array(turns, pa.int32()))


def said(*rows):
    """Returns utterances of (conversation, minute or None, text)."""
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return pa.record_batch(
        {
            "conversation_id": pa.array([row[0] for row in rows], pa.string()),
            "timestamp": pa.array(
                [
                    None if r[1] is None else start + dt.timedelta(minutes=r[1])
                    for r in rows
                ],
                TIME,
            ),
            "text": pa.array([row[2] for row in rows], pa.string()),
        }
    )


def texts(*values):
    return pa.record_batch({"text": pa.array(values, pa.string())})


# -- BatchTransform ----------------------------------------------------------------


def test_a_transform_keeps_its_promises():
    testing.check_transform(Count(), texts("a", None, "bcd"))


def test_it_provides_its_columns_with_their_types():
    out = Count(at_least=2).apply(texts("a", "bcd"))

    assert out.schema.field("length").type == pa.int32()
    assert out["length"].to_pylist() == [2, 3]


def test_a_row_at_fault_is_refused_and_the_next_step_passes_it_by():
    out = Halve().apply(Count().apply(texts("a", "b!", "cd")))

    assert out["half"].to_pylist() == [0.5, None, 1.0]
    assert out["errors"].to_pylist()[1][0]["message"] == "cannot count a shout"
    assert out["errors"].to_pylist()[1][0]["step"] == "Count"


def test_a_column_that_lacks_is_no_rows_fault():
    with pytest.raises(MissingColumnError, match="Halve requires `length: int32`"):
        Halve().apply(texts("a"))


def test_it_gives_the_same_in_a_pipeline_whose_bundles_run_twice():
    once = testing.run(Count(), texts("a", "b!", "cd"), options=testing.LOCAL)
    twice = testing.run(Count(), texts("a", "b!", "cd"), options=testing.WITH_RETRIES)

    assert once.equals(twice)
    assert once.equals(Count().apply(texts("a", "b!", "cd")))


def test_equal_batches_all_come_out_of_a_run():
    out = testing.run(Count(), texts("a"), texts("a"), texts("a"))

    assert out["length"].to_pylist() == [1, 1, 1]


def test_refused_rows_of_one_batch_stay_refused_beside_one_without():
    out = testing.run(Count(), texts("a"), texts("b!"))

    assert {row["text"]: bool(row["errors"]) for row in out.to_pylist()} == {
        "a": False,
        "b!": True,
    }


@pytest.mark.parametrize("step", [Count(at_least=3), Number(), Chain(Count(), Halve())])
def test_a_step_survives_pickling(step):
    again = pickle.loads(pickle.dumps(step))

    assert type(again) is type(step)
    assert again.default_label() == type(step).__name__
    assert getattr(again, "at_least", 3) == 3


def test_a_step_prepares_its_worker_before_the_first_batch(tmp_path):
    mark = tmp_path / "ready"

    class Prepared(Count):
        def setup(self):
            mark.touch()

        def process_batch(self, batch):
            assert mark.exists()
            return super().process_batch(batch)

    out = testing.run(Prepared(), texts("a"))

    assert out["length"].to_pylist() == [1]


def test_no_edge_of_a_pipeline_is_untyped():
    pipeline = beam.Pipeline()
    _ = pipeline | Chain(Read(), Count(), Halve()) | "Count it" >> Count()

    testing.check_edges(pipeline)


def test_an_untyped_edge_is_found():
    def anything(batch):
        return batch

    pipeline = beam.Pipeline()
    _ = pipeline | Read() | "Loose" >> beam.Map(anything).with_output_types(Any)

    with pytest.raises(AssertionError, match="Loose"):
        testing.check_edges(pipeline)


# -- ConversationTransform ---------------------------------------------------------


def test_a_pipeline_gathers_conversations_over_batches_in_time_order():
    out = testing.run(
        Number(),
        said(("a", 3, "a3"), ("b", 1, "b1"), ("a", 1, "a1")),
        said(("a", 2, "a2"), ("b", None, "b?"), ("b", None, "b??")),
    )

    turns = {row["text"]: row["turn"] for row in out.to_pylist()}
    assert turns == {"a1": 0, "a2": 1, "a3": 2, "b?": 0, "b??": 1, "b1": 2}


def test_utterances_without_a_conversation_are_not_lost():
    out = testing.run(Number(), said((None, 1, "x"), ("a", 1, "y"), (None, 2, "z")))

    assert sorted(out["text"].to_pylist()) == ["x", "y", "z"]


def test_refused_rows_pass_a_grouping_even_if_another_batch_has_no_errors():
    refused = Count().apply(said(("a", 1, "b!")))

    out = testing.run(Number(), said(("a", 0, "a"), ("a", 2, "c")), refused)

    rows = {row["text"]: (row["turn"], bool(row["errors"])) for row in out.to_pylist()}
    assert rows == {"a": (0, False), "b!": (None, True), "c": (1, False)}


def test_a_conversation_that_fails_is_refused_whole_and_no_other_is_cut():
    # Halved in the middle of its rows, `a` would begin to count again.
    batch = said(*[("a", n, "x") for n in range(5)], ("b", 0, "x"), ("b", 1, "stop"))

    out = Number().apply(batch)

    assert out["turn"].to_pylist() == [0, 1, 2, 3, 4, None, None]
    assert [bool(errors) for errors in out["errors"].to_pylist()] == [False] * 5 + [
        True
    ] * 2


def test_a_conversation_transform_keeps_its_promises():
    testing.check_transform(Number(), said(("a", 1, "x"), ("a", 2, "y"), ("b", 1, "z")))


# -- Chain -------------------------------------------------------------------------


def test_a_chain_that_lacks_a_column_is_refused_when_it_is_made():
    with pytest.raises(
        MissingColumnError,
        match=r"Halve requires `length: int32`.*columns here: `text: string`",
    ):
        Chain(Read(), Halve())


def test_a_chain_runs_its_steps_in_order():
    out = testing.run(Chain(Read(), Count(), Halve()))

    assert out["half"].to_pylist() == [0.5, 1.5]


def test_a_chain_from_the_middle_takes_columns_from_its_input():
    chain = Chain(Count(), Number())

    assert chain.columns_required.names == ["text", "conversation_id", "timestamp"]
    assert chain.columns_provided.names == ["length", "turn"]


def test_a_chain_is_a_step_of_a_chain():
    out = testing.run(Chain(Chain(Read(), Count()), Chain(Halve())))

    assert out["half"].to_pylist() == [0.5, 1.5]


def test_a_chain_of_chains_is_checked_too():
    with pytest.raises(MissingColumnError, match="Chain requires `length: int32`"):
        Chain(Read(), Chain(Halve()))


def test_a_column_of_another_type_is_refused_in_the_middle_too():
    class CountLong(Count):
        provides = pa.schema([pa.field("length", pa.int64())])

    with pytest.raises(MissingColumnError, match="Halve requires `length: int32`"):
        Chain(CountLong(), Halve())


def test_one_step_may_be_in_a_chain_twice():
    out = testing.run(Chain(Read(), Count(), Count(at_least=2)))

    assert out["length"].to_pylist() == [2, 3]


def test_a_missing_column_is_the_callers_mistake():
    assert issubclass(MissingColumnError, UsageError)
    assert issubclass(MissingColumnError, TypeError)
