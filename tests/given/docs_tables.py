"""The tables in README and docs, made from the registry, the schemas and the views.

    python -m tests.given.docs_tables

writes them; a test fails where they are not current.
"""

import re
from pathlib import Path

from affectflow import registry
from affectflow.lake.views import describe_view, shipped_views
from affectflow.schemas import TABLES, doc

ROOT = Path(__file__).resolve().parents[2]
_MARKED = "<!-- {0}: begin -->\n(.*?)<!-- {0}: end -->"


def plugins() -> str:
    """Returns the table of plugins: what each is, reads and writes."""
    lines = ["| plugin | what it does | reads | writes |", "| --- | --- | --- | --- |"]
    for kind in registry.KINDS:
        for name in registry.names(kind):
            lines.append(_plugin(kind, name))
    return "\n".join(lines) + "\n"


def _plugin(kind: str, name: str) -> str:
    plugin = registry.load(kind, name)
    given = getattr(plugin, "requires", getattr(plugin, "reads", None))
    sides = [_columns(given), _columns(getattr(plugin, "provides", None))]
    extra = f" (extra `{plugin.card.extra}`)" if plugin.card.extra else ""
    return f"| `{name}` | {plugin.card.summary}{extra} | {sides[0]} | {sides[1]} |"


def _columns(schema: object) -> str:
    names = list(getattr(schema, "names", ()))
    if len(names) > 8:
        return "utterances"
    return ", ".join(f"`{name}`" for name in names)


def lake() -> str:
    """Returns one table of columns for each table of a lake."""
    parts = []
    for name, schema in TABLES.items():
        rows = [f"| `{f.name}` | {_type(str(f.type))} | {doc(f)} |" for f in schema]
        head = [
            f"## {name}",
            "",
            "| column | type | what it holds |",
            "| --- | --- | --- |",
        ]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"


def _type(text: str) -> str:
    return text.replace("element: ", "").replace("|", "\\|")


def views() -> str:
    """Returns the table of shipped views: what one row of each is."""
    lines = ["| view | one row is |", "| --- | --- |"]
    for name, sql in sorted(shipped_views().items()):
        said = describe_view(sql).removeprefix("one row is ").strip()
        lines.append(f"| `{name}` | {said} |")
    return "\n".join(lines) + "\n"


PLACES = {
    "README.md": {"plugins": plugins},
    "docs/lake.md": {"lake": lake},
    "docs/views.md": {"views": views},
}


def current(path: str) -> str:
    """Returns a page with its tables made anew."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for name, make in PLACES[path].items():
        pattern = re.compile(_MARKED.format(name), re.DOTALL)
        table = f"<!-- {name}: begin -->\n{make()}<!-- {name}: end -->"
        text = pattern.sub(lambda _, table=table: table, text)
    return text


if __name__ == "__main__":
    for page in PLACES:
        (ROOT / page).write_text(current(page), encoding="utf-8")
