"""People: what a plugin may touch, and what must be stated before it does.

A plugin's card says what it touches: single persons, their bodies (`biometric`: voice,
face, physiology) or their health. Its user states why (`purpose`) and where
(`context`), and that is checked whenever a plugin is made, before a row is read.
"""

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from affectflow.errors import UsageError

TOUCHES = ("person", "biometric", "health")
CONTEXTS = (
    "community",
    "education",
    "hiring",
    "insurance",
    "medical",
    "personal",
    "product",
    "research",
    "safety",
    "workplace",
)
"""Where answers are used; no other words are taken, so that none slips through."""
_REFUSED = {
    # Who is being hired is at work already, as far as the EU's AI Act goes.
    "biometric": ("workplace", "education", "hiring"),
    "health": ("workplace", "education", "hiring", "insurance"),
}
_TELLS = {
    "person": "tells about individual people",
    "biometric": "reads emotions from voice, face or body",
    "health": "may reveal a person's health",
}
_SEE = "see docs/people.md"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a user has stated about a run.

    Args:
      purpose: why, in the user's words.
      context: where the answers are used, one of `CONTEXTS`; empty if not said.
      allow_person_level: answers about single persons are wanted.
    """

    purpose: str = ""
    context: str = ""
    allow_person_level: bool = False


class Touching(Protocol):
    """A plugin."""

    @property
    def touches(self) -> tuple[str, ...]:
        """Some of `TOUCHES`."""

    def touched_by(self, what: str) -> str:
        """Returns what of it touches one of them, as a message names it."""


_NOTHING = Declared()
_DECLARED: ContextVar[Declared] = ContextVar("declared", default=_NOTHING)


def declared() -> Declared:
    """Returns what was stated about the current run in this thread."""
    return _DECLARED.get()


@contextlib.contextmanager
def using(
    *, purpose: str = "", context: str = "", allow_person_level: bool = False
) -> Iterator[Declared]:
    """Says why and where plugins are used, until the block ends.

    >>> with using(purpose="a study of podcasts", context="research") as said:
    ...     said.context
    'research'

    A block within another adds to it.

    Raises:
      UsageError: the context is unknown, single persons are allowed without a purpose,
        or a block around this one says another purpose or context.
    """
    around = declared()
    said = Declared(
        purpose=_one(around.purpose, purpose.strip(), "purpose"),
        context=_one(around.context, context.strip().lower(), "context"),
        allow_person_level=around.allow_person_level or allow_person_level,
    )
    _check_said(said)
    token = _DECLARED.set(said)
    try:
        yield said
    finally:
        _DECLARED.reset(token)


def _one(around: str, said: str, what: str) -> str:
    if around and said and around != said:
        raise UsageError(
            f"the {what} is given twice, as {around!r} and {said!r}; leave one out"
        )
    return said or around


def _check_said(said: Declared) -> None:
    if said.context and said.context not in CONTEXTS:
        near = difflib.get_close_matches(said.context, CONTEXTS, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(CONTEXTS)}"
        raise UsageError(f"unknown context {said.context!r}; {hint}")
    if said.allow_person_level and not said.purpose:
        raise UsageError(
            "--allow-person-level needs --purpose: state your purpose in a few words;"
            " it is recorded in the lake"
        )


def check(plugin: Touching) -> None:
    """Raises UsageError if a plugin may not be used for what was stated."""
    for what in plugin.touches:
        check_touches([what], plugin.touched_by(what))


def check_touches(touches: Iterable[str], name: str) -> None:
    """Raises UsageError if what touches people may not be used for what was said.

    Args:
      touches: some of `TOUCHES`.
      name: of a plugin, or of an annotator whose answers are read.
    """
    said = declared()
    for each in touches:
        what = f"{name} {_TELLS[each]}"
        if each == "person" and not said.allow_person_level:
            raise UsageError(
                f"{what}: add --allow-person-level and --purpose WHY; {_SEE}"
            )
        if each == "biometric" and not (said.context and said.purpose):
            raise UsageError(
                f"{what}: add --context ({', '.join(_open(each))}) and --purpose WHY; "
                f"{_SEE}"
            )
        if said.context in _REFUSED.get(each, ()):
            raise UsageError(
                f"{what}, which is refused in the context {said.context!r}; {_SEE}"
            )


def options_for(touches: Iterable[str]) -> str:
    """Returns the options that say what a use of what touches people is for.

    >>> options_for(["biometric", "health"]), options_for([])
    ('--context CONTEXT --purpose WHY', '')

    Args:
      touches: some of `TOUCHES`.
    """
    needed = {
        "--allow-person-level": ("person",),
        "--context CONTEXT": ("biometric",),
        "--purpose WHY": ("person", "biometric"),
    }
    there = set(touches)
    return " ".join(each for each, by in needed.items() if there & set(by))


def _open(touched: str) -> list[str]:
    return [each for each in CONTEXTS if each not in _REFUSED[touched]]
