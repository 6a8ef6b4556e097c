"""Whom a message of a chat begins with: `mike: the build fails`.

Accounts that cannot be ordinary words were replaced when the text was cleaned; those
that look like words are distinguished by the usual vocabulary of talk about software.
"""

import functools
import re

from affectflow_transforms.miners.phrases.generic import GENERIC, SAME
from affectflow_transforms.themes.taxonomy import load

ADDRESS = r"\A\s*(?:\[[A-Z]+\][:,]\s+)*[\w\[\]\\^{}|-]{2,40}[:,]\s"
"""What may be an address; valid for Arrow's regular expressions too."""

_ADDRESS = re.compile(
    r"\s*(?:\[[A-Z]+\][:,]\s+)*(?P<name>[\w\[\]\\^{}|-]{2,40})(?P<sign>[:,])\s+"
)
# `Windows, Linux and Mac`: a list does not address anybody.
_LIST = re.compile(r"(?P<next>[\w'-]+)(?:\s[\w'-]+){0,2}(?:,|\s(?:and|or)\s)")


def address_end(text: str) -> int:
    """Returns where a message begins after the people it addresses; 0 if none.

    >>> address_end("mike: the build fails"), address_end("Docs: none")
    (6, 0)
    """
    found = _ADDRESS.match(text)
    if not found or _is_word(found["name"].lower()):
        return 0
    listed = _LIST.match(text, found.end()) if found["sign"] == "," else None
    # In `mike, ok, it works` the second word is not a list item.
    return 0 if listed and listed["next"].lower() not in GENERIC else found.end()


def _is_word(name: str) -> bool:
    if name in GENERIC or name in SAME or name.endswith("ly"):
        return True
    return name.isdigit() or _topic().fullmatch(name) is not None


@functools.cache
def _topic() -> re.Pattern[str]:
    themes = load(["developers", "common"]).themes
    return re.compile(
        "|".join(f"(?:{each})" for theme in themes.values() for each in theme.wordings)
    )
