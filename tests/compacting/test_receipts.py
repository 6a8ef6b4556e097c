"""Results are merged through their receipts."""

import pyarrow as pa
import pytest

from affectflow.errors import LakeError
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.runs.results import Receipts, merge_results
from affectflow.stages.upkeep.compact import compact
from tests.compacting.lakes import (
    FAKE,
    labels,
    mined,
    renew,
    set_bases,
)
from tests.given.stage_runs import ask


def test_results_are_read_through_receipts_not_by_their_names(lake):
    """A result that took the place of an older one has a generation in its name."""
    opened = Lake.open(lake)
    part = opened.parts()[0]
    newest = renew(opened, part)
    set_bases(opened, lambda name: [newest if name == part else labels(name)])
    before = digest(lake)

    compact(lake)

    assert digest(lake) == before
    assert part not in opened.parts()
    assert newest not in opened.committed("annotations")


def test_what_was_mined_from_labels_says_from_which_files_after_merging(lake):
    opened = Lake.open(lake)
    compact(lake)

    receipts = Receipts(opened)
    current = {
        name: [f.path for f in receipt.files if f.table == "annotations"]
        for name, receipt in receipts.of(FAKE, opened.parts()).items()
    }
    bases = receipts.of(mined(opened), opened.parts())
    assert {name: receipt.base for name, receipt in bases.items()} == current
    assert len(current) == 4


def test_a_part_that_will_be_mined_again_is_left_alone(lake):
    opened = Lake.open(lake)
    first = opened.parts()[0]
    before = opened.parts()

    set_bases(opened, lambda name: [labels(f"{name}~0" if name == first else name)])

    compact(lake)

    assert first in opened.parts()
    assert len(opened.parts()) < len(before)


def test_a_result_is_not_merged_before_the_labels_that_it_was_mined_from(lake):
    opened = Lake.open(lake)
    receipts = Receipts(opened)
    sources = list(receipts.of(mined(opened), opened.parts()).values())[:2]
    ids = pa.array([], pa.string())

    name = "b00000-00000000000000ff"
    assert merge_results(receipts, mined(opened), sources, name, ids) is None


def test_a_damaged_receipt_is_named_with_the_cure(lake):
    opened = Lake.open(lake)
    part = opened.parts()[0]
    opened.storage.write(b"{", "_work", *FAKE, f"{part}.json")

    with pytest.raises(LakeError, match=rf"{part}.*remove it"):
        compact(lake)
    failed = ask(lake, "SELECT state, error FROM runs WHERE stage = 'compact'")
    assert failed[0][0] == "failed"
    assert "is damaged" in failed[0][1]
