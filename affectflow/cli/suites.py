"""`affectflow eval --suite`: many tasks, one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from affectflow.cli import show
from affectflow.errors import UsageError


class Asked(NamedTuple):
    """What the command says of a suite.

    Attributes:
      suite: its name, or a file.
      data: the folder of its data; empty for the working directory.
      model: of tasks that name none.
      revision: of that model.
      keep: the file of tasks that are done; empty for none.
    """

    suite: str
    data: str
    model: str
    revision: str
    keep: str


def run(asked: Asked, settings: Sequence[str] | None, draws: int, shape: str) -> int:
    """Runs a suite and prints its table; returns 2 if a task failed."""
    from affectflow.trials import suite

    folder = Path(asked.data) if asked.data else None
    if folder is not None and not folder.is_dir():
        raise UsageError(f"no folder {asked.data!r}: --data has the files of the suite")
    lines: list[suite.Line] = []
    for some in suite.run_suite(
        suite.tasks_of(asked.suite),
        folder,
        model=asked.model,
        revision=asked.revision,
        options=_options(settings),
        draws=draws,
        keep=Path(asked.keep) if asked.keep else None,
        tell=show.say,
    ):
        lines += some
    rows = [[getattr(line, name) for name in suite.COLUMNS] for line in lines]
    if shape in ("table", "markdown"):
        rows = [[_shown(cell) for cell in row] for row in rows]
    show.shaped(shape, suite.COLUMNS, rows)
    if failed := suite.said_of_failures(lines):
        show.say(failed)
        return 2
    return 0


def _options(settings: Sequence[str] | None) -> dict[str, Any]:
    """Returns what `--set` says; each model reads its options out of words itself.

    Raises:
      UsageError: a setting is not NAME=VALUE.
    """
    found = {}
    for each in settings or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"--set must be NAME=VALUE, got {each!r}")
        found[name] = value
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else value
