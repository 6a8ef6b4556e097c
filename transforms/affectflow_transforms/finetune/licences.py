"""Licences that go on to a model: what they ask for, and those that end with it."""

import re
from collections.abc import Mapping, Sequence

from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained.source import AND, allows_commerce

PRIVATE = "private"
"""The word by which a user accepts that a model stays with them."""
SAYS = {True: "allowed", False: "not allowed", None: "unknown"}
"""What a card says of commercial use."""
_FORBIDDING = re.compile(
    r"(?<![a-z])nd(?![a-z])|no.?deriv|redistribut|pass(ed|ing)?.on|proprietary|"
    r"all.rights.reserved|research.(use.)?only|non.?transferable|confidential"
)
_SHARE_ALIKE = re.compile(r"-sa(?![a-z])|share.?alike|gpl|odbl")


def forbids_passing_on(licence: str) -> bool:
    """Returns whether a licence says that what is made of the data must stay.

    >>> forbids_passing_on("CC BY-NC-ND 4.0"), forbids_passing_on("CC BY-NC 4.0")
    (True, False)
    """
    return bool(_FORBIDDING.search(licence.lower()))


def check_passing_on(licences: Mapping[str, str], accept: str) -> tuple[str, ...]:
    """Returns what of a model forbids passing it on, as `forbidding` does.

    Args:
      licences: of what goes into the model, by what it is.
      accept: `PRIVATE` if the user said that it stays with them.

    Raises:
      UsageError: something does, and the user did not say so.
    """
    found = forbidding(licences)
    if found and accept != PRIVATE:
        raise UsageError(
            f"the licence of the {found[0]}, {licences[found[0]]!r}, forbids passing "
            "on what is made from it: add --set accept=private if the model stays with "
            "you"
        )
    return found


def forbidding(licences: Mapping[str, str]) -> tuple[str, ...]:
    """Returns what has a licence that forbids passing a model on, such as `data`."""
    return tuple(w for w, licence in licences.items() if forbids_passing_on(licence))


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
    """Returns the licence of two that asks for more, for a card's head.

    Both, if each asks for something that the other does not.

    >>> stricter("CC BY-NC 4.0 (somebody)", "apache-2.0")
    'cc-by-nc-4.0'
    >>> stricter("CC BY-NC 4.0", "cc-by-nd-4.0")
    'cc-by-nc-4.0 and cc-by-nd-4.0'
    """
    one, two = word_of(licence), word_of(other)
    if _asks_for_all(one, two):
        return one
    return two if _asks_for_all(two, one) else f"{one}{AND}{two}"


def _asks_for_all(one: str, two: str) -> bool:
    """Returns whether a licence asks for all that another asks for."""
    return all(a >= b for a, b in zip(_demands(one), _demands(two), strict=True))


def _demands(licence: str) -> tuple[int, bool, bool]:
    of_commerce: dict[bool | None, int] = {True: 0, None: 1, False: 2}
    return (
        of_commerce[allows_commerce(licence)],
        forbids_passing_on(licence),
        bool(_SHARE_ALIKE.search(licence)),
    )


def word_of(licence: str) -> str:
    """Returns a licence as one word of a card's head; of several, one word each."""
    bare = re.sub(r"\(.*?\)", "", licence).strip().lower()
    if bare in ("", "not stated"):
        return "unknown"
    return AND.join(re.sub(r"\s+", "-", each.strip()) for each in bare.split(AND))
