"""How a record batch crosses a shuffle: as an Arrow IPC stream.

Beam has no coder for `pa.RecordBatch` and would pickle it; a pickled slice carries
the whole parent. The coder travels in the pipeline proto, so importing this module on
the submitting machine is enough. The `copyreg` hook is a net for untyped edges.
"""

import copyreg
from typing import Any

import apache_beam as beam
import pyarrow as pa


def encode(batch: pa.RecordBatch) -> bytes:
    """Returns `batch` as one Arrow IPC stream; of a slice, only its rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def decode(encoded: bytes) -> pa.RecordBatch:
    """Returns the batch of an Arrow IPC stream, without copying its buffers."""
    return pa.ipc.open_stream(pa.py_buffer(encoded)).read_next_batch()


class RecordBatchCoder(beam.coders.Coder):
    """Encodes record batches as Arrow IPC streams."""

    def encode(self, value: pa.RecordBatch) -> bytes:
        return encode(value)

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        return decode(encoded)

    def estimate_size(self, value: pa.RecordBatch) -> int:
        # Beam's default encodes dozens of elements per PCollection only to weigh them.
        return int(value.nbytes)

    def is_deterministic(self) -> bool:
        return False

    def to_type_hint(self) -> type:
        return pa.RecordBatch

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


def _reduce(batch: pa.RecordBatch) -> tuple[Any, tuple[bytes]]:
    return decode, (encode(batch),)


beam.coders.registry.register_coder(pa.RecordBatch, RecordBatchCoder)
copyreg.pickle(pa.RecordBatch, _reduce)
