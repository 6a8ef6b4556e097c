"""Files from which a renderer got no cue, from the receipts of a lake's parts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from affectflow import registry
from affectflow.kinds.account import Fault
from affectflow.kinds.renderer import Renderer
from affectflow.lake import Lake
from affectflow.stages.runs.answers import TEXTUALIZE, folder_of
from affectflow.stages.runs.parts import all_parts
from affectflow.stages.runs.receipts import WORK, Receipt, read_receipt
from affectflow.stages.runs.run import Row
from affectflow.steps.tracks import NOT_MEASURED, how_files_are_named
from affectflow.storage import in_threads

NO_CUE = "no_cue_"
"""The prefix of counters that say why there is no cue."""


class Unmeasured(NamedTuple):
    """Files that gave no cue.

    Attributes:
      counters: how much, by the reason.
      faults: files, by their addresses; of a part a hundred at most.
    """

    counters: Mapping[str, int]
    faults: Mapping[str, Fault]

    @property
    def files(self) -> int:
        """The number of files, including those that are only counted."""
        reasons = {fault.name for fault in self.faults.values()}
        return sum(self.counters.get(name, 0) for name in reasons)


def unmeasured(
    lake_uri: str, row: Row, renderer: str, options: Mapping[str, Any] | None = None
) -> tuple[Unmeasured, Unmeasured]:
    """Returns the files that gave a renderer no cue, in a run and in those before it.

    Parts that have their cues are not read again, so earlier runs report them.

    Args:
      lake_uri: folder or URL.
      row: of the run, as `textualize_lake` returns it.
      renderer: name of a plugin.
      options: of the renderer.
    """
    made: Renderer = registry.make("renderers", renderer, options)
    found = _receipts(Lake.open(lake_uri), folder_of(made.id))
    now = [each for each in found if each.run_id == row["run_id"]]
    before = [each for each in found if each.run_id != row["run_id"]]
    return _summed(now), _summed(before)


def advice(
    row: Row, renderer: str, options: Mapping[str, Any] | None = None
) -> list[str]:
    """Returns a line on how to name files, if no file was found for a recording.

    Args:
      row: as `textualize_lake` returns it.
      renderer: name of a plugin.
      options: of the renderer.
    """
    counters = dict(row["counters"])
    found = any(name.startswith("cue_") for name in counters)
    if found or NOT_MEASURED not in counters:
        return []
    return how_files_are_named(registry.make("renderers", renderer, options))


def _receipts(lake: Lake, folder: str) -> list[Receipt]:
    """Returns the receipts of the parts that the lake has now."""
    there = set(lake.storage.names(WORK, TEXTUALIZE, folder))
    parts = [p.name for p in all_parts(lake) if f"{p.name}.json" in there]
    found = in_threads(lambda n: read_receipt(lake, TEXTUALIZE, folder, n), parts)
    return [each for each in found if each is not None]


def _summed(receipts: Sequence[Receipt]) -> Unmeasured:
    counters: Counter[str] = Counter()
    faults: dict[str, Fault] = {}
    for receipt in receipts:
        counters.update(receipt.counters)
        faults |= receipt.faults
    none = {name: n for name, n in counters.items() if name.startswith(NO_CUE)}
    return Unmeasured(none, faults)
