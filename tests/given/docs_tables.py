"""The tables in README and docs, made from the registry, the schemas and the views.

    python -m tests.given.docs_tables

writes them; a test fails where they are not current.
"""

import ast
import functools
import importlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from affectflow import data, defaults, registry
from affectflow.lake.views import describe_view, shipped_views
from affectflow.schemas import RULES, TABLES, Rules, doc
from tests.given import crisis, personal

ROOT = Path(__file__).resolve().parents[2]
_MARKED = "<!-- {0}: begin -->\n(.*?)<!-- {0}: end -->"


def plugins() -> str:
    """Returns the table of plugins: what each is, reads and writes."""
    lines = ["| plugin | what it does | reads | writes |", "| --- | --- | --- | --- |"]
    for kind in registry.KINDS:
        for name in registry.names(kind):
            lines.append(_plugin(kind, name))
    return "\n".join(lines) + "\n"


_FUNCTIONS = {
    "parsers": ("answers", "`annotations`"),
    "objectives": ("outputs and targets", "a loss"),
}


def _plugin(kind: str, name: str) -> str:
    plugin = registry.load(kind, name)
    given = getattr(plugin, "requires", getattr(plugin, "reads", None))
    sides = [_columns(given), _columns(getattr(plugin, "provides", None))]
    if kind not in registry.BASES:  # a function has no card
        (said, *_) = (plugin.__doc__ or "").splitlines()
        reads, writes = _FUNCTIONS[kind]
        return f"| `{name}` | {said} | {reads} | {writes} |"
    extra = f" (extra `{plugin.card.extra}`)" if plugin.card.extra else ""
    return f"| `{name}` | {plugin.card.summary}{extra} | {sides[0]} | {sides[1]} |"


def _columns(schema: object) -> str:
    if isinstance(schema, property):
        return "columns that its options name"
    names = list(getattr(schema, "names", ()))
    known = {"utterance_id": "utterances", "unit_type": "fitted values"}
    said = [short for name, short in known.items() if name in names]
    return said[0] if said and len(names) > 8 else _ticked(names)


_FILES = {
    "parts": "`compact` merges small files",
    "results": "`compact` merges files as it merges parts; `gc` keeps what a receipt "
    "names",
    "buckets": "`compact` writes the file of a bucket again",
    "own": "`compact` leaves the files",
}


def rules() -> str:
    """Returns the table of what the commands do with each table of a lake."""
    lines = [
        "| table | key | `erase` | `gc` and `compact` | `digest` and `diff` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, rule in RULES.items():
        key = _ticked(rule.key) or "none: counts, to be added up"
        digested = _ticked(rule.digest) or "left out"
        cells = [f"`{name}`", key, _erased(rule), _FILES[rule.files], digested]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _erased(rule: Rules) -> str:
    if rule.remade_from:
        return f"made again from `{rule.remade_from}`"
    if rule.erase:
        return f"removes rows by {_ticked(rule.erase)}"
    return "names nobody: stays"


def _ticked(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def architectures() -> str:
    """Returns the table of what config.json names, and the plugin that reads it."""
    lines = ["| architecture | read by |", "| --- | --- |"]
    claims = {name: registry.load("models", name) for name in registry.names("models")}
    for name, plugin in claims.items():
        if plugin.architectures:
            lines.append(f"| {_ticked(plugin.architectures)} | `{name}` |")
    for name, patterns in defaults.COMING.items():
        if name not in claims:
            lines.append(f"| {_ticked(patterns)} | none in this version |")
    return "\n".join(lines) + "\n"


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


def example(name: str) -> str:
    """Returns a file of the examples up to the end of its plugin."""
    path = f"examples/plugins/affectflow_examples/{name}.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    body = ast.parse(text).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    plugin = (classes or functions)[-1]
    lines = text.splitlines()[: plugin.end_lineno]
    return "\n".join(["```python", *lines, "```"]) + "\n"


def data_file(name: str) -> str:
    """Returns a file of data of the examples."""
    path = ROOT / "examples/plugins/affectflow_examples/data" / name
    return f"```{path.suffix[1:]}\n{path.read_text(encoding='utf-8')}```\n"


def program(path: str) -> str:
    """Returns a program of the examples."""
    return f"```python\n{(ROOT / path).read_text(encoding='utf-8')}```\n"


_STEPS = ("NormalizeText", "Textualize", "Annotate", "MineCauses", "WriteLake")


def steps() -> str:
    """Returns the table of what a batch needs for each step, and of what it gets."""
    lines = ["| step | a batch needs | it gets |", "| --- | --- | --- |"]
    for name in _STEPS:
        plugin = registry.load(
            "connectors" if name == "WriteLake" else "transforms", name
        )
        needs, gets = (
            ", ".join(f"`{f.name}: {_short(str(f.type))}`" for f in schema)
            for schema in (plugin.requires, plugin.provides)
        )
        lines.append(f"| `{name}` | {needs} | {gets or 'it writes a lake'} |")
    return "\n".join(lines) + "\n"


def _short(type_: str) -> str:
    return re.sub(r"<.*", "", type_) if "<" in type_ else re.sub(r"\[.*", "", type_)


def public_modules() -> list[str]:
    """Returns the modules that plugins may import from."""
    core = ROOT / "affectflow"
    found = ["affectflow"]
    for name in PUBLIC:
        path = core / f"{name}.py"
        files = [path] if path.exists() else sorted((core / name).glob("*.py"))
        modules = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]
        package = f"affectflow.{name}"
        # A package that hands names on is imported from by its own name.
        hands_on = hasattr(importlib.import_module(package), "__all__")
        found += [package] if hands_on else [m for m in modules if "__" not in m]
    return found


def names() -> str:
    """Returns the table of public names: what each public module defines.

    Of the folders that hold tools, it is what plugins use.
    """
    lines = ["| module | names |", "| --- | --- |"]
    used = _imported_by_plugins()
    for module in public_modules():
        found = _defined(module)
        if module.startswith(TOOLS) and module not in BASES:
            found &= used.get(module, set())
        listed = ", ".join(f"`{name}`" for name in sorted(found))
        lines += [f"| `{module}` | {listed} |"] if found else []
    return "\n".join(lines) + "\n"


def _defined(module: str) -> set[str]:
    loaded = importlib.import_module(module)
    if hasattr(loaded, "__all__"):
        return set(loaded.__all__)
    found: set[str] = set()
    for node in ast.parse(Path(loaded.__file__ or "").read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for each in targets if isinstance(each, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def _imported_by_plugins() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for folder in ("transforms", "connectors", "examples"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    found.setdefault(node.module, set()).update(
                        each.name for each in node.names
                    )
    return found


BASES = ("affectflow.sources.files", "affectflow.sources.json_source")
TOOLS = (
    *("affectflow.batches", "affectflow.sources", "affectflow.storage"),
    # How askers are hosted: plugins know it by `asker`, `prompt` and `guard`.
    *("affectflow.kinds.answering", "affectflow.kinds.asking"),
    *("affectflow.kinds.parsing", "affectflow.kinds.prompt_"),
    *("affectflow.kinds.questions", "affectflow.kinds.step"),
    "affectflow.kinds.stimulus",
    *("affectflow.kinds.wording", "affectflow.kinds.words"),
)
PUBLIC = (
    "batches",
    "data",
    "errors",
    "kinds",
    "registry",
    "schemas",
    "sources",
    "storage",
    "testing",
    "vocabularies",
    "weights",
)
"""Modules and folders of the core that plugins may import from."""
EXAMPLES = (
    "lobsters",
    "shouting",
    "words",
    "letters",
    "laughter",
    "because",
    "group_by_word",
    "asked_share",
    "learn_words",
    "stars",
    "log_cosh",
)
"""Files of the examples that the page on plugins shows."""
DATA_FILES = (
    "prompts/stars.toml",
    "vocabularies/pressure.toml",
    "views/utterances_by_hour.sql",
)


_KINDS = {
    "transforms": "steps of a pipeline",
    "connectors": "sources, and the lake as a sink",
    "models": "label utterances or conversations, or make vectors of them",
    "renderers": "write emoji, voices, faces and ratings out in words",
    "miners": "find what caused an emotion",
    "clusterers": "group causes into themes",
    "measures": "fit values: agreement, bias, severity, drivers, gaps",
    "objectives": "losses to train by",
    "trainers": "fit a model to your data",
    "parsers": "read answers of language models",
    "prompts": "questions for language models, most of them from the literature",
    "vocabularies": "label sets, and the folds between them",
    "suites": "benchmarks: many tasks in one table",
    "views": "tables that every lake has in SQL",
}


def kinds() -> str:
    """Returns a table of the kinds of plugins: what they do, and how many there are."""
    lines = ["| kind | what it does | there are |", "| --- | --- | ---: |"]
    for kind, said in _KINDS.items():
        of_code = kind in registry.KINDS
        n = len(registry.names(kind) if of_code else data.names(kind))
        if n:
            lines.append(f"| `{kind}` | {said} | {n} |")
    return "\n".join(lines) + "\n"


def packages() -> str:
    """Returns the table of the packages: what the docstring of each says."""
    parents = ("affectflow", "transforms", "connectors")
    found = [path for name in parents for path in sorted((ROOT / name).iterdir())]
    lines = ["| folder | what is in it |", "| --- | --- |"]
    for folder in found:
        begin = folder / "__init__.py"
        text = begin.read_text(encoding="utf-8") if begin.is_file() else ""
        said = ast.get_docstring(ast.parse(text))
        if said:
            path = folder.relative_to(ROOT).as_posix()
            lines.append(f"| `{path}/` | {said.splitlines()[0]} |")
    return "\n".join(lines) + "\n"


PLACES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"kinds": kinds},
    "docs/catalogue.md": {"plugins": plugins},
    "docs/models.md": {"architectures": architectures},
    "docs/literature.md": {"guard": crisis.table},
    "docs/code.md": {"packages": packages},
    "docs/people.md": {"personal": personal.table},
    "docs/lake.md": {"rules": rules, "lake": lake},
    "docs/step.md": {
        "steps": steps,
        "program": functools.partial(program, "examples/step.py"),
    },
    "docs/views.md": {"views": views},
    "docs/plugins.md": {
        "names": names,
        **{name: functools.partial(example, name) for name in EXAMPLES},
        **{name: functools.partial(data_file, name) for name in DATA_FILES},
    },
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
