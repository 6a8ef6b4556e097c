"""Licences that go on to a model: the strictest one, and those that end with it."""

import re
from collections.abc import Mapping, Sequence

from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained.source import allows_commerce
from affectflow_transforms.models.ranges import PRIVATE

SAYS = {True: "allowed", False: "not allowed", None: "unknown"}
"""What a card says of commercial use."""
_FORBIDDING = re.compile(
    r"(?<![a-z])nd(?![a-z])|no.?deriv|redistribut|pass(ed|ing)?.on|proprietary|"
    r"all.rights.reserved|research.(use.)?only|non.?transferable|confidential"
)


def forbids_passing_on(licence: str) -> bool:
    """Returns whether a licence says that what is made of the data must stay.

    >>> forbids_passing_on("CC BY-NC-ND 4.0"), forbids_passing_on("CC BY-NC 4.0")
    (True, False)
    """
    return bool(_FORBIDDING.search(licence.lower()))


def check_passing_on(licences: Mapping[str, str], accept: str) -> list[str]:
    """Returns what of a model forbids passing it on, such as `data`.

    Args:
      licences: of what goes into the model, by what it is.
      accept: `PRIVATE` if the user said that it stays with them.

    Raises:
      UsageError: something does, and the user did not say so.
    """
    found = [what for what, licence in licences.items() if forbids_passing_on(licence)]
    if found and accept != PRIVATE:
        raise UsageError(
            f"the licence of the {found[0]}, {licences[found[0]]!r}, forbids passing "
            "on what is made from it: add --set accept=private if the model stays with "
            "you"
        )
    return found


def passing_on(kept_back: Sequence[str], otherwise: str) -> str:
    """Returns what a card says of passing a model on.

    Args:
      kept_back: what of it forbids that, as `check_passing_on` found.
      otherwise: what it says if nothing does.
    """
    if not kept_back:
        return otherwise
    what = " and of the ".join(kept_back)
    return (
        f"**Not to be passed on:** the licence of the {what} forbids it, and the user "
        "said that the model stays with them."
    )


def stricter(licence: str, other: str) -> str:
    """Returns the licence of two that allows less, as one word of a card's head.

    >>> stricter("CC BY-NC 4.0 (somebody)", "apache-2.0")
    'cc-by-nc-4.0'
    """
    words = [word_of(licence), word_of(other)]
    ranks: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    return min(words, key=lambda word: ranks[allows_commerce(word)])


def word_of(licence: str) -> str:
    """Returns a licence as one word of a card's head."""
    bare = re.sub(r"\(.*?\)", "", licence).strip().lower()
    return "unknown" if bare in ("", "not stated") else re.sub(r"\s+", "-", bare)
