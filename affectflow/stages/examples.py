"""Examples of what a run counted, for the command that started it to show once.

They come from workers, as counts do. They may be what somebody wrote, so the table
`runs` does not keep them.
"""

import json
from typing import TypedDict

from affectflow.lake import Lake
from affectflow.stages.losses import never_read
from affectflow.stages.receipts import WORK, Receipt

FOLDER = (WORK, "examples")


class Shown(TypedDict):
    """What a command shows beside the counts of a stage.

    `examples` has one for some of the counters; `never_read` names columns that had
    values, none of which could be read.
    """

    examples: dict[str, str]
    never_read: list[str]


def write_examples(lake: Lake, run: str, summed: Receipt) -> None:
    """Writes the examples of a stage of a run, if there are any."""
    if summed.examples:
        shown = Shown(examples=summed.examples, never_read=never_read(summed))
        lake.storage.write(json.dumps(shown).encode(), *FOLDER, f"{run}.json")


def take_examples(lake: Lake, run: str) -> Shown:
    """Returns the examples of a stage of a run, and removes them."""
    name = f"{run}.json"
    if name not in lake.storage.names(*FOLDER):
        return Shown(examples={}, never_read=[])
    found: Shown = json.loads(lake.storage.read(*FOLDER, name))
    lake.storage.remove_tree(*FOLDER, name)
    return found
