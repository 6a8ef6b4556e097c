"""Wrong option values: what they must be, in plain words.

Newer versions of Typer check values with Pydantic, which speaks of its own types.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_WHOLE, _NUMBER = "a whole number", "a number"
_CHOICES = re.compile(r"is not one of (.+?)\.?$")

_MUST_BE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_parsing": lambda told: _WHOLE,
    "int_type": lambda told: _WHOLE,
    "int_from_float": lambda told: _WHOLE,
    "float_parsing": lambda told: _NUMBER,
    "float_type": lambda told: _NUMBER,
    "bool_parsing": lambda told: "true or false",
    "greater_than": lambda told: f"above {told['gt']:g}",
    "greater_than_equal": lambda told: f"at least {told['ge']:g}",
    "less_than": lambda told: f"below {told['lt']:g}",
    "less_than_equal": lambda told: f"at most {told['le']:g}",
    "literal_error": lambda told: f"one of {_bare(told['expected'])}",
    "enum": lambda told: f"one of {_bare(told['expected'])}",
    "value_error": lambda told: _one_of(str(told["error"])),
}
"""What a value must be, by type of Pydantic's error, from the error's context."""


def in_plain_words(error: Exception) -> str:
    """Returns a line that says what an option must be; empty for other errors.

    >>> in_plain_words(ValueError("no option"))
    ''

    Args:
      error: error of the command line; Typer's has the option, and Pydantic's error
        about the value as its cause.
    """
    option = _option(getattr(error, "param", None))
    errors = getattr(error.__cause__, "errors", None)
    if not option or not callable(errors):
        return ""
    (first, *_) = errors()
    say = _MUST_BE.get(first["type"])
    wanted = say(first.get("ctx", {})) if say else ""
    return f"{option} must be {wanted}, got {str(first['input'])!r}" if wanted else ""


def _option(param: Any) -> str:
    """Returns an option as typed, or an argument's name in the help."""
    names = list(getattr(param, "opts", ()))
    typed = [name for name in names if name.startswith("--")] or names
    if typed and typed[0].startswith("-"):
        return str(typed[0])
    return str(getattr(param, "metavar", None) or (typed[0].upper() if typed else ""))


def _bare(listed: str) -> str:
    """Returns words without quotation marks, and commas between them.

    >>> _bare("'a', 'b' or 'c'")
    'a, b, c'
    """
    return ", ".join(re.findall(r"'([^']*)'", listed)) or listed


def _one_of(message: str) -> str:
    found = _CHOICES.search(message)
    return f"one of {_bare(found[1])}" if found else ""
