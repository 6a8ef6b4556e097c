"""What the options and columns of a plugin mean, as declared in its code."""

import inspect
import re
from typing import Any

_ENTRY = re.compile(r"(?P<name>\w+)(?: \(.*?\))?: *(?P<text>.*)")
_ARGS = "Args:"


def meanings_of(plugin: Any) -> dict[str, str]:
    """Returns what the docstrings of a class and its bases say about each argument.

    >>> class Plugin:
    ...     '''Does something.
    ...
    ...     Args:
    ...       draws: of the bootstrap,
    ...         at least 20.
    ...     '''
    >>> meanings_of(Plugin)
    {'draws': 'of the bootstrap, at least 20.'}
    """
    found: dict[str, str] = {}
    for each in inspect.getmro(plugin) if isinstance(plugin, type) else ():
        for name, text in _arguments(inspect.cleandoc(each.__doc__ or "")).items():
            found.setdefault(name, text)
    return found


def _arguments(docstring: str) -> dict[str, str]:
    """Returns the entries of the section `Args` of a docstring, each as one line."""
    _, _, section = docstring.partition(f"\n{_ARGS}\n")
    lines = section.splitlines()
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.strip() and not line.startswith(" "):
            break  # the next section
        entry = _ENTRY.fullmatch(line.strip())
        if entry and line[depth:] == line.lstrip():
            found[entry["name"]] = [entry["text"]]
        elif found and line.strip():
            list(found.values())[-1].append(line.strip())
    return {name: " ".join(text) for name, text in found.items()}


def columns_of(measure: Any) -> list[tuple[str, bool, str]]:
    """Returns the columns that a measure reads: name, whether required, content.

    Args:
      measure: its class; columns named by options are the defaults', or none if an
        option has no default.
    """
    from affectflow.options import missing_of
    from affectflow.schemas import doc

    by_options = isinstance(inspect.getattr_static(measure, "reads", None), property)
    if missing_of(measure, ()) and by_options:
        return []
    made = measure() if by_options else measure
    return [(each.name, each.name in made.needed, doc(each)) for each in made.reads]
