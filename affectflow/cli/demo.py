"""The command `demo`: the bundled conversations, end to end."""

from importlib.resources import files
from typing import Annotated

import typer

from affectflow.cli import pipelines, show
from affectflow.errors import UsageError

FILES = ("issues.json", "comments.jsonl", "review_comments.json", "reviews.json")
CONTAINERS = ("harborline/skiff", "harborline/tideline")
_ASK = (
    "SELECT theme, count, quotes[1].quote AS quote "
    "FROM frustration_causes ORDER BY position"
)


def demo(
    to: Annotated[str, typer.Option("--to", help="Folder.")] = "affectflow-demo",
) -> int:
    """Analyse the bundled conversations, end to end."""
    _check_place(to)
    folder = files("affectflow") / "demo"
    code = pipelines.analyze(
        [str(folder / name) for name in FILES], to, source="github"
    )
    show.say(f'with quotes:  affectflow sql {to} "{_ASK}"')
    return code


def _check_place(to: str) -> None:
    """Raises if a folder holds more than the bundled conversations.

    Raises:
      LakeError: it is neither a lake nor empty.
      UsageError: it is a lake with other messages.
    """
    from affectflow.lake import open_tables
    from affectflow.lake.layout import SETTINGS, check_free
    from affectflow.storage import Storage

    if not Storage(to).exists(SETTINGS):
        check_free(to)
        return
    with open_tables(to) as connection:
        others = connection.sql(
            "SELECT count(*) FROM utterances WHERE container IS NULL "
            f"OR container NOT IN {CONTAINERS}"
        ).fetchall()[0][0]
    if others:
        raise UsageError(
            f"{to!r} is a lake with messages that are not the demo's ({others:,}), and "
            "the demo would add invented ones to it: name another folder with --to"
        )
