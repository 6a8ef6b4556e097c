"""ShiftAlong and AnonymizeVector: another annotator's vectors, moved or rotated."""

import abc
import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.labelling import appended
from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.kinds.identity import options_of
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, VECTORS_COLUMN, fields
from affectflow.sources.listing import open_binary
from affectflow_transforms.vectors.directions import Directions
from affectflow_transforms.vectors.turning import Floats, moved, scaled, turned

_KEY_BYTES = 16
_MAKE_KEY = "python -c 'import secrets; print(secrets.token_hex(32))' > FILE"


class Nothing:
    """A model without weights."""


@dataclass(kw_only=True)
class _OverVectors(BatchModelHandler[Nothing], abc.ABC):
    """Gives new vectors for another annotator's, one for each.

    A vector that contains NaN, has length 0, or differs in width from most of its batch
    gives none and is counted.

    Args:
      over: the annotator whose vectors are read.
    """

    over: str = ""

    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, "utterance_id", "speaker_id"), VECTORS_COLUMN]
    )
    provides: ClassVar[pa.Schema] = pa.schema([VECTORS_COLUMN])
    annotator_kind: ClassVar[str] = "rules"

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def cues_read(self) -> str:
        """None, although the annotator of the vectors may have read some."""
        return "none"

    def load_model(self) -> Nothing:
        """Returns nothing to be loaded."""
        return Nothing()

    @abc.abstractmethod
    def changed(self, vectors: Floats, rows: pa.Table) -> Floats:
        """Returns other vectors for those of another annotator.

        Args:
          vectors: shape (n, width), scaled.
          rows: `utterance_id` and `speaker_id` of each.
        """

    def predict(self, batch: pa.RecordBatch, model: Nothing) -> pa.RecordBatch:
        """Returns `batch` with new vectors behind those that it has."""
        lists = batch.column(VECTORS_COLUMN.name).cast(VECTORS_COLUMN.type)
        given, rows = lists.flatten(), pc.list_parent_indices(lists)
        if self.over:
            own = pc.fill_null(pc.equal(given.field("annotator_id"), self.over), False)
            given, rows = given.filter(own), rows.filter(own)
        vectors, usable = _matrix(given.field("vector"))
        given, rows = given.filter(usable), rows.filter(usable)
        if len(given):
            whose = batch.select(["utterance_id", "speaker_id"]).take(rows)
            vectors = self.changed(scaled(vectors), pa.Table.from_batches([whose]))
        new = _structs(given, vectors, self.annotator()["annotator_id"])
        return appended(batch, VECTORS_COLUMN, _lists(new, rows, batch.num_rows))


@dataclass(kw_only=True)
class ShiftAlong(_OverVectors):
    """Moves vectors to a signed distance along the direction of an emotion.

    The part orthogonal to the direction stays. Vectors are first scaled to the square
    root of their width.

    Args:
      directions: file of `affectflow_transforms.vectors.directions.Directions`.
      label: the emotion whose direction it is.
      distance: the distance to move to; 0 for that of the file.

    Raises:
      UsageError: no file, no such emotion, or vectors of another width.
    """

    directions: str = ""
    label: str = ""
    distance: float = 0.0

    card: ClassVar[Card] = Card(
        summary="another annotator's vectors, moved along the direction of an emotion",
        answers="what would be near this post, were it as angry as that?",
        misleads="a direction separates the labels that it was fitted on, along with "
        "whatever correlates with them: subject, length, speaker",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.directions:
            raise UsageError("ShiftAlong needs --set directions=FILE")
        self._directions = Directions.read(self.directions)
        self._place = self._directions.place(self.label)

    def parameters(self) -> dict[str, Any]:
        """Returns the options, and a digest of the directions."""
        return {**_without_files(self), "directions": _digest(self._directions)}

    def changed(self, vectors: Floats, rows: pa.Table) -> Floats:
        _check_width(self._directions, vectors, self.directions)
        to = self.distance or float(self._directions.distances[self._place])
        return moved(vectors, self._directions.normals[self._place], to)


@dataclass(kw_only=True)
class AnonymizeVector(_OverVectors):
    """Rotates the vectors of each speaker by a secret key; can keep the emotion.

    The result is pseudonymous, not anonymous: anyone with the key can undo it, and so
      can anyone with as many originals as vectors are wide. With `per=speaker` the
      vectors of one speaker keep their distances, and are at least as easy to link with
      one another as before; `per=utterance` rotates each one differently.

    Args:
      key: file with the key, 16 bytes or more; keep it apart from the vectors.
      per: what is turned in its own way: `speaker` or `utterance`. An utterance without
        a known speaker is turned by itself.
      directions: file of `affectflow_transforms.vectors.directions.Directions`; then
        each vector is moved back to its emotion. If empty, the emotion is turned too.

    Raises:
      UsageError: no key, or directions of another width.
    """

    key: str = ""
    per: Literal["speaker", "utterance"] = "speaker"
    directions: str = ""

    card: ClassVar[Card] = Card(
        summary="pseudonymous vectors: each speaker's turned by a secret key",
        answers="can vectors be passed on without giving away those of the speakers?",
        misleads="it is not anonymous: the key undoes it, a speaker's vectors can be "
        "linked to one another, and what was said can reveal who said it",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per not in ("speaker", "utterance"):
            raise UsageError(f"`per` must be speaker or utterance, got {self.per!r}")
        self._key = _key_of(self.key)
        self._directions = Directions.read(self.directions) if self.directions else None

    def parameters(self) -> dict[str, Any]:
        """Returns the options, and digests of the key and of the directions."""
        key = hashlib.blake2b(
            self._key, digest_size=8, person=b"vector key"
        ).hexdigest()
        said = {**_without_files(self), "key": key}
        if self._directions is not None:
            said["directions"] = _digest(self._directions)
        return said

    def changed(self, vectors: Floats, rows: pa.Table) -> Floats:
        if self._directions is not None:
            _check_width(self._directions, vectors, self.directions)
        whose = rows["utterance_id"]
        if self.per == "speaker":
            whose = pc.coalesce(rows["speaker_id"], whose)
        names, which = np.unique(np.array(whose.to_pylist()), return_inverse=True)
        by_name, ends = np.argsort(which), np.cumsum(np.bincount(which))[:-1]
        found = np.empty_like(vectors)
        for name, own in zip(names.tolist(), np.split(by_name, ends), strict=True):
            found[own] = turned(vectors[own], self._key, name)
        if self._directions is None:
            return found
        return self._directions.restored(found, vectors)


def _key_of(uri: str) -> bytes:
    if not uri:
        raise UsageError(
            f"AnonymizeVector needs --set key=FILE; make one with {_MAKE_KEY}"
        )
    with open_binary(uri) as file:
        key = file.read().strip()
    if len(key) < _KEY_BYTES:
        raise UsageError(
            f"{uri!r} holds {len(key)} bytes, but a key needs at least {_KEY_BYTES}; "
            f"make one with {_MAKE_KEY}"
        )
    return hashlib.blake2b(key, digest_size=64).digest()


def _without_files(plugin: Any) -> dict[str, Any]:
    """Returns options without the places of files, whose contents decide."""
    said = options_of(plugin)
    return {name: said[name] for name in said if name not in ("key", "directions")}


def _digest(directions: Directions) -> str:
    content = directions.to_json().encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _check_width(directions: Directions, vectors: Floats, name: str) -> None:
    if directions.width != vectors.shape[1]:
        raise UsageError(
            f"{name!r} has directions of {directions.width} numbers, but the vectors "
            f"have {vectors.shape[1]}: fit them on vectors of the same annotator"
        )


def _matrix(vectors: pa.ListArray) -> tuple[Floats, pa.BooleanArray]:
    """Returns the vectors that can be used, shape (n, width), and which they are."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(vectors), 0))
    width = int(np.bincount(lengths).argmax()) if len(lengths) else 0
    wide = (lengths == width) & (lengths > 0)
    account().tally("no_vector_other_width", int((~wide).sum()))
    flat = pc.fill_null(vectors.filter(pa.array(wide)).flatten(), np.nan)
    found = np.asarray(flat, np.float64).reshape(int(wide.sum()), width)
    known = np.isfinite(found).all(axis=1)
    account().tally("no_vector_not_a_number", int((~known).sum()))
    nowhere = known & ~np.nan_to_num(found).any(axis=1)
    account().tally("no_vector_without_length", int(nowhere.sum()))
    known &= ~nowhere
    usable = np.zeros(len(lengths), np.bool_)
    usable[np.flatnonzero(wide)[known]] = True
    return found[known], pa.array(usable)


def _structs(given: pa.StructArray, vectors: Floats, annotator_id: str) -> Any:
    """Returns rows of `vectors` as they were, with other vectors, by an annotator."""
    count = len(given)
    offsets = np.linspace(0, vectors.size, count + 1).round().astype(np.int32)
    flat = pa.array(vectors.astype(np.float32).ravel(), pa.float32())
    item = VECTORS_COLUMN.type.value_type
    new = {
        "annotator_id": pa.repeat(annotator_id, count),
        "vector": pa.ListArray.from_arrays(pa.array(offsets), flat),
    }
    columns = [new.get(f.name, given.field(f.name)).cast(f.type) for f in item]
    return pa.StructArray.from_arrays(columns, fields=list(item))


def _lists(values: Any, rows: pa.Array, n_rows: int) -> pa.ListArray:
    """Returns a list for each row of a batch; `rows` are rising."""
    offsets = np.searchsorted(np.asarray(rows), np.arange(n_rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=VECTORS_COLUMN.type)
