"""Examples of what a run counted, for the command that started it to show once.

They come from workers, as counts do. They may be what somebody wrote, so the table
`runs` does not keep them.
"""

import json

from affectflow.lake import Lake
from affectflow.stages.receipts import WORK, Receipt

FOLDER = (WORK, "examples")


def write_examples(lake: Lake, run: str, summed: Receipt) -> None:
    """Writes the examples of a stage of a run, if there are any."""
    if summed.examples:
        content = json.dumps(summed.examples, sort_keys=True).encode()
        lake.storage.write(content, *FOLDER, f"{run}.json")


def take_examples(lake: Lake, run: str) -> dict[str, str]:
    """Returns the examples of a stage of a run, by counter, and removes them."""
    name = f"{run}.json"
    if name not in lake.storage.names(*FOLDER):
        return {}
    found: dict[str, str] = json.loads(lake.storage.read(*FOLDER, name))
    lake.storage.remove_tree(*FOLDER, name)
    return found
