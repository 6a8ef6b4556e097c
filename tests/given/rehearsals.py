"""What stages are said to have taken, in the place of a rehearsal."""

from pathlib import Path
from typing import Any

from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry
from affectflow.planning.rehearse import Rehearsal, Took, Trial


def trial(rows: int, *, parts: int = 1, causes: int = 0, **took: Took) -> Trial:
    """Returns a trial whose parts are of one size, 10 bytes a row."""
    each = rows // parts
    return Trial(
        lake=Lake("nowhere", {}),
        rows=rows,
        took={name.replace("_", " "): value for name, value in took.items()},
        parts=[FileEntry("utterances", f"{n}", 10 * each, each) for n in range(parts)],
        causes=causes,
    )


def took(rows: int, seconds: float, **rest: Any) -> Took:
    """Returns what a stage took that calls no model."""
    given = {"model_seconds": 0.0, "model_calls": 0, "bytes_out": 0}
    return Took(rows, seconds, **{**given, "peak_rss_bytes": 0, **rest})


class Rehearsing:
    """Answers in the place of `rehearse`, and remembers what it was asked.

    Each row costs a millisecond in each stage, and has a cause; half a second is fixed.
    """

    def __init__(self) -> None:
        self.rows: Any = None
        self.asked: dict[str, Any] = {}

    def __call__(self, rows: Any, analysis: Any, **asked: Any) -> Rehearsal:
        self.rows, self.asked = rows, {"analysis": analysis, **asked}
        few, many = max(1, rows.num_rows // 4), rows.num_rows
        return Rehearsal(
            *(self._trial(count) for count in (few, few, many)), tokens=many
        )

    def _trial(self, rows: int) -> Trial:
        one = took(rows, 0.5 + rows / 1000)
        names = ("ingest", "textualize", "annotate", "mine any", "themes")
        return trial(rows, causes=rows, **dict.fromkeys(names, one))


def files_in(lake: Lake) -> set[str]:
    """Returns the paths of all files of a lake on this machine."""
    root = Path(lake.uri)
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
