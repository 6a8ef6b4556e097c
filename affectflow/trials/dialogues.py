"""Miners on dialogues in which people marked causes: RECCON, ECF.

RECCON's two tasks (Ghosal et al. 2021): the span in each turn that causes an emotion,
or none in it; and which turns hold a cause.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow import defaults, registry
from affectflow.batches.bootstrap import Interval
from affectflow.kinds.miner import Miner
from affectflow.kinds.source import TO_THE_END, Split
from affectflow.trials import reccon
from affectflow.trials.figures import Compared, Line
from affectflow.trials.messages import mined


@dataclass(frozen=True)
class Pair:
    """An emotion, and a turn up to it that may contain its cause.

    Args:
      spans: what people marked there, in order; none if nothing.
      found: what a miner found there.
      turn: the whole turn.
    """

    unit: str
    spans: tuple[str, ...]
    found: str
    turn: str

    @property
    def marked(self) -> str:
        """Everything people marked there; empty if nothing."""
        return " ".join(self.spans)


def lines(
    data: Path, miners: dict[str, Miner[Any]], mode: reccon.Mode = "fixed"
) -> Iterator[Line]:
    """Yields the figures of each miner on each set, with people's labels.

    In mode `paper` those of RECCON's published scorer stand beside the others.
    """
    for name, (source, file) in defaults.CAUSE_SETS.items():
        if not (data / file).is_file():
            continue
        batch = _read(source, data / file)
        for by, miner in miners.items():
            pairs = list(_pairs(batch, miner))
            yield from _of_pairs(name, by, pairs)
            yield from _as_reccon(name, by, pairs, mode)


def _read(source: str, file: Path) -> pa.RecordBatch:
    reader = registry.make("connectors", source, {"paths": [str(file)]})
    batches = [*reader.read(Split(str(file), 0, TO_THE_END, 0))]
    table = pa.Table.from_batches(batches).combine_chunks()
    (batch,) = table.to_batches()
    for name in defaults.INGEST_STEPS:
        batch = registry.make("transforms", name).process_batch(batch)
    return batch


def _pairs(batch: pa.RecordBatch, miner: Miner[Any]) -> Iterator[Pair]:
    conversations, texts = (
        batch.column(name).to_pylist() for name in ("conversation_id", "text")
    )
    ids = batch.column("utterance_id").to_pylist()
    people = batch.column("causes").to_pylist()
    names = [n for n in batch.schema.names if n != "causes"]
    found = mined(batch.select(names), miner)
    said: dict[str, list[int]] = defaultdict(list)
    for row, conversation in enumerate(conversations):
        said[conversation].append(row)
        marked = _by_turn(people[row] or [])
        if not marked:
            continue
        own = _by_turn(found[row])
        for earlier in said[conversation]:
            at = ids[earlier]
            yield Pair(
                conversation,
                marked.get(at, ()),
                " ".join(own.get(at, ())),
                texts[earlier],
            )


def _by_turn(causes: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    spans: dict[str, list[str]] = defaultdict(list)
    for cause in causes:
        if cause["status"] == "ok" and cause["cause_text"]:
            spans[cause["cause_utterance_id"]].append(cause["cause_text"])
    return {turn: tuple(dict.fromkeys(each)) for turn, each in spans.items()}


def _of_pairs(data: str, by: str, pairs: list[Pair]) -> Iterator[Line]:
    own, whole, looked = Compared(), Compared(), Compared()
    positive = [pair for pair in pairs if pair.marked]
    for pair in positive:
        own.add(pair.unit, pair.found, [pair.marked])
        whole.add(pair.unit, pair.turn, [pair.marked])
        looked.add(pair.unit, pair.turn if pair.found else "", [pair.marked])
    yield own.line(f"{data}, span of each turn with a cause", by)
    yield whole.line(f"{data}, span of each turn with a cause", "every turn, whole")
    yield looked.line(f"{data}, span of each turn with a cause", f"{by}'s turn, whole")
    truth = np.array([bool(p.marked) for p in pairs])
    named = np.array([bool(p.found) for p in pairs])
    pos, neg = _f1(truth, named), _f1(~truth, ~named)
    figures = {"turns: F1 pos": pos, "turns: F1 neg": neg}
    figures["turns: macro-F1"] = (pos + neg) / 2
    for figure, f1 in figures.items():
        interval = Interval(f1, np.nan, np.nan)
        yield Line(data=data, by=by, figure=figure, n=len(pairs), value=interval)


def _as_reccon(
    data: str, by: str, pairs: list[Pair], wanted: reccon.Mode
) -> Iterator[Line]:
    answers = [
        reccon.Answer(span, pair.found)
        for pair in pairs
        for span in pair.spans or ("",)
    ]
    for mode in dict.fromkeys((*reccon.MODES[:1], wanted)):
        for figure, n, value in reccon.figures(answers, mode):
            interval = Interval(value, np.nan, np.nan)
            title = f"{data}, RECCON's figures, {mode}"
            yield Line(data=title, by=by, figure=figure, n=n, value=interval)


def _f1(truth: "np.ndarray[Any, Any]", named: "np.ndarray[Any, Any]") -> float:
    total = truth.sum() + named.sum()
    return float(2 * (truth & named).sum() / total) if total else 0.0
