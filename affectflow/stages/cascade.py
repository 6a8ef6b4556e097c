"""`--only-below`: the model of a cascade, and a threshold learned where both answered.

It is learned once, stored under `_work/learned`, and then stays the same: a new
threshold would make another annotator, and every row would be asked about again.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import concat_unlike
from affectflow.errors import UsageError
from affectflow.kinds.cascade import Below, Cascade
from affectflow.kinds.model import BatchModelHandler
from affectflow.lake import Lake, open_tables
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.runs.journal import journalled
from affectflow.stages.runs.labelled import Labels
from affectflow.stages.runs.parts import all_parts
from affectflow.stages.runs.receipts import WORK
from affectflow.stages.runs.request import new_run_id

LEARN: Literal["learn"] = "learn"
AGREEMENT = 0.95
"""The share of the sample on which the cascade must agree with the model alone."""

SAMPLE, PARTS, LEAST = 400, 8, 100
"""Utterances of the sample, the fewest parts they come from, and the fewest needed."""

_FOLDER = (WORK, "learned")
_EMOTION = "emotion"


class Learned(NamedTuple):
    """A threshold, and its result on a part of the sample that did not set it.

    Attributes:
      only_below: the threshold.
      agreement: share of utterances on which the cascade says what the model says.
      asked: share of utterances that the model is asked about.
      rows: utterances of the whole sample.
    """

    only_below: float
    agreement: float
    asked: float
    rows: int


def cascade_of(
    lake: Lake,
    inner: BatchModelHandler[Any],
    over: str,
    only_below: float | Literal["learn"],
) -> Cascade[Any]:
    """Returns a model that is asked only where an annotator of a lake is not sure.

    Args:
      lake: that both answer in.
      inner: the model.
      over: the id of the annotator.
      only_below: the threshold, or `learn`.

    Raises:
      UsageError: the threshold is not valid, the model cannot be part of a cascade, or
        no threshold can be learned.
    """
    task = _task_of(lake, over)
    if only_below != LEARN:
        return Cascade(inner=inner, over=over, only_below=only_below, task=task)
    # Checks whether a cascade is possible before a model is loaded.
    Cascade(inner=inner, over=over, only_below=1.0, task=task)
    found = _kept(lake, inner, over, task)
    return Cascade(
        inner=inner,
        over=over,
        only_below=found.only_below,
        task=task,
        learned=found._asdict(),
    )


def _task_of(lake: Lake, over: str) -> str:
    """Returns the task of an annotator that counts: emotion, or the only one."""
    with open_tables(lake.uri) as connection:
        found = connection.execute(
            "SELECT DISTINCT task FROM annotations WHERE annotator_id = ? ORDER BY 1",
            [over],
        ).fetchall()
    tasks = [row[0] for row in found]
    if _EMOTION in tasks or len(tasks) != 1:
        return _EMOTION
    return str(tasks[0])


def _kept(lake: Lake, inner: BatchModelHandler[Any], over: str, task: str) -> Learned:
    """Returns the stored threshold for two annotators, or learns and stores it."""
    key = f"{inner.annotator()['annotator_id']}\n{over}\n{task}"
    name = hashlib.blake2b(key.encode(), digest_size=8).hexdigest() + ".json"
    if not lake.storage.exists(*_FOLDER, name):
        found = learn(_sample(lake, inner, over, task))
        content = json.dumps(found._asdict(), sort_keys=True).encode()
        lake.storage.write_once(content, *_FOLDER, name)
    said: Mapping[str, Any] = json.loads(lake.storage.read(*_FOLDER, name))
    return Learned(**said)


# -- the sample ----------------------------------------------------------------------


class Sample(NamedTuple):
    """Utterances that both have labelled, in random order.

    Attributes:
      scores: of the first annotator's highest label.
      agrees: whether that is the model's highest label too.
    """

    scores: npt.NDArray[np.float32]
    agrees: npt.NDArray[np.bool_]

    def half(self, first: int) -> "Sample":
        """Returns every other utterance of the sample."""
        return Sample(self.scores[first::2], self.agrees[first::2])


def _sample(lake: Lake, inner: BatchModelHandler[Any], over: str, task: str) -> Sample:
    """Returns a sample that both have labelled; the model is asked where it has not.

    Raises:
      UsageError: there are too few, or the two answer in different vocabularies.
    """
    inner_id = inner.annotator()["annotator_id"]
    first, second = Labels((over,)), Labels((inner_id,))
    parts = all_parts(lake)
    ready = {part.name for part in first.ready(lake, parts)}
    both = sorted(ready.intersection(p.name for p in second.ready(lake, parts)))
    names = both or sorted(ready)
    if not names:
        raise UsageError(
            f"{over!r} has not labelled a whole part of this lake yet, and a threshold "
            "is learned from whole parts: give a number, such as --only-below 0.6"
        )
    drawn = dict(_drawn(lake, first, task, random.Random(0).sample(names, len(names))))
    rows = concat_unlike(list(drawn.values()))
    if both:
        answered = _with_labels(lake, second, list(drawn), rows)
    else:
        # The cascade need not ask again what is asked here.
        with journalled(lake, inner, new_run_id()):
            answered = inner.apply(rows, inner.load_model())
    return _compared(rows, answered, Below(over, 1.0, task), inner_id)


def _drawn(
    lake: Lake, first: Labels, task: str, names: list[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yields utterances that the first has labelled, drawn by their ids, by part."""
    left, each = SAMPLE, -(-SAMPLE // min(PARTS, len(names)))
    for name in names:
        batch = first.read(lake, first.part(lake, name))
        rows, items = Below(first.of[0], 1.0, task).first(batch)
        labelled = batch.take(pc.unique(rows.filter(items.field("score").is_valid())))
        ids = labelled.column("utterance_id").to_pylist()
        order = sorted(range(len(ids)), key=lambda row: _chance(ids[row]))
        yield name, labelled.take(pa.array(order[: min(each, left)], pa.int64()))
        left -= min(each, left, len(ids))
        if not left:
            return


def _chance(utterance_id: str) -> bytes:
    return hashlib.blake2b(utterance_id.encode(), digest_size=8).digest()


def _with_labels(
    lake: Lake, second: Labels, names: list[str], rows: pa.RecordBatch
) -> pa.RecordBatch:
    """Returns the utterances of a sample with the labels that the second gave them."""
    read = [second.read(lake, second.part(lake, name)) for name in names]
    labelled = concat_unlike(read)
    ids = rows.column("utterance_id")
    return labelled.take(pc.index_in(ids, value_set=labelled.column("utterance_id")))


def _compared(
    rows: pa.RecordBatch, answered: pa.RecordBatch, below: Below, second: str
) -> Sample:
    """Returns the sample: what both say about each utterance that both have labelled.

    Raises:
      UsageError: there are too few, or they answer in different vocabularies.
    """
    first = _tops(*below.first(rows), rows.num_rows)
    others = _tops(*_answers_of(answered, second), rows.num_rows)
    theirs, ours = first["vocabulary"].unique(), others["vocabulary"].unique()
    both = pc.and_(first["label"].is_valid(), others["label"].is_valid())
    same = pc.equal(first["vocabulary"], others["vocabulary"])
    both = pc.fill_null(pc.and_(both, same), False)
    if both.true_count < LEAST:
        raise UsageError(
            f"learning a threshold needs at least {LEAST} utterances that both have "
            f"labelled in the same vocabulary; of {rows.num_rows} tried, "
            f"{both.true_count} are: {below.over!r} answers in {_said(theirs)}, "
            f"{second!r} in {_said(ours)}; give a number, such as --only-below 0.6"
        )
    ids = rows.column("utterance_id").filter(both).to_pylist()
    order = pa.array(sorted(range(len(ids)), key=lambda row: _chance(ids[row])))
    agrees = pc.equal(first["label"], others["label"]).filter(both).take(order)
    scores = pc.fill_null(first["score"].filter(both), 1.0).take(order)
    return Sample(np.asarray(scores), np.asarray(agrees))


def _said(names: pa.Array) -> str:
    return ", ".join(repr(name) for name in names.to_pylist() if name) or "none"


def _answers_of(
    batch: pa.RecordBatch, annotator_id: str
) -> tuple[pa.Array, pa.StructArray]:
    lists = batch.column(ANNOTATIONS_COLUMN.name)
    items = lists.flatten()
    own = pc.fill_null(pc.equal(items.field("annotator_id"), annotator_id), False)
    return pc.list_parent_indices(lists).filter(own), items.filter(own)


def _tops(rows: pa.Array, items: pa.StructArray, n_rows: int) -> dict[str, pa.Array]:
    """Returns label, score and vocabulary of each row's best label; null if none.

    A label without a score was chosen in words, and counts as certain.
    """
    labelled = items.field("label").is_valid()
    kept, tops = np.asarray(rows.filter(labelled)), items.filter(labelled)
    scores = np.asarray(pc.fill_null(tops.field("score"), 1.0))
    order = np.lexsort((-scores, kept))
    known, first = np.unique(kept[order], return_index=True)
    places = np.full(n_rows, -1)
    places[known] = order[first]
    taken = pa.array(places, mask=places < 0)
    names = ("label", "score", "vocabulary")
    return {name: tops.field(name).take(taken) for name in names}


# -- the threshold -------------------------------------------------------------------


def learn(sample: Sample) -> Learned:
    """Returns the lowest threshold that agrees enough on one half of a sample.

    Its result is measured on the other half, which did not set it.

    Raises:
      UsageError: the model would have to be asked about everything.
    """
    here, there = sample.half(0), sample.half(1)
    # In thousandths, upwards: a row at a threshold is not asked about. 0.8 is stored as
    # 0.80000001, which must not round up to 0.801.
    steps = np.unique(np.ceil(here.scores.astype(np.float64) * 1000 - 1e-3) / 1000)
    for threshold in (0.001, *steps.tolist()):
        agreement, asked = _came_to(here, threshold)
        if agreement >= AGREEMENT and asked < 1:
            return Learned(threshold, *_came_to(there, threshold), len(sample.scores))
    raise UsageError(
        f"no threshold reaches an agreement of {AGREEMENT:.0%} unless the model is "
        f"asked about everything (sample of {len(sample.scores)}): leave out "
        "--only-below, or give a number"
    )


def _came_to(sample: Sample, threshold: float) -> tuple[float, float]:
    """Returns the agreement and the share asked at a threshold."""
    asked = sample.scores < np.float32(threshold)
    return float((asked | sample.agrees).mean()), float(asked.mean())
