import pyarrow as pa
from affectflow_examples.asked_share import AskedShare

from affectflow.testing import check_measure

TEXTS = ["Why not?", "so slow", "it broke", "hm", "...", None]


def test_the_share_is_of_long_enough_texts_and_every_promise_is_kept():
    found = check_measure(AskedShare(), pa.record_batch({"text": TEXTS}))

    values = [row for row in found.to_pylist() if row["unit_type"]]
    assert [(row["value"], row["n"]) for row in values] == [(1 / 3, 3)]
