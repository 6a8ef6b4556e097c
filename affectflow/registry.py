"""Names to plugins: entry points, imported on first use.

The entry-point name, the class name and the Beam YAML `type` of a plugin are one word;
the command line spells it in kebab case, without `Read`.
"""

import abc
import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

from affectflow import people
from affectflow.errors import PluginImportError, UnknownPluginError
from affectflow.options import construct

KINDS = (
    "transforms",
    "connectors",
    "models",
    "parsers",
    "renderers",
    "miners",
    "clusterers",
    "measures",
    "objectives",
    "trainers",
)
BASES = {
    "transforms": ("affectflow.kinds.transform.Transform",),
    "connectors": ("affectflow.kinds.source.Source", "affectflow.kinds.source.Sink"),
    "models": ("affectflow.kinds.model.BatchModelHandler",),
    "miners": ("affectflow.kinds.miner.Miner",),
    "renderers": ("affectflow.kinds.renderer.Renderer",),
    "clusterers": ("affectflow.kinds.clusterer.Clusterer",),
    "measures": ("affectflow.kinds.measure.Measure",),
    "trainers": ("affectflow.kinds.trainer.Trainer",),
}
"""The base classes of each kind, by name: no module is imported for this."""
_FEW = 12
"""The most names that an error lists."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a plugin says about itself.

    Args:
      summary: one line.
      licence: SPDX name of the code's licence.
      weights_licence: SPDX name of the weights' licence; empty if it has no weights.
      commercial_use: both licences allow it.
      modality: text, voice, face, ...
      extra: the extra of affectflow to install; empty if none.
      engines: the runners that it was tested on.
      answers: the question that it answers, in a few words; empty where the summary
        says it.
      example: one command line to try.
      misleads: what its answer is easily mistaken for.
      terms: of a source: the terms of use of what it reads, and whether a quote must
        name its author.
      touches: what it touches of people, some of `person`, `biometric` and `health`:
        its use needs a purpose and a context, see `affectflow.people`.

    Raises:
      ValueError: `touches` has another word.
    """

    summary: str
    licence: str = "Apache-2.0"
    weights_licence: str = ""
    commercial_use: bool = True
    modality: str = "text"
    extra: str = ""
    engines: tuple[str, ...] = ("FnApiRunner", "PortableRunner")
    answers: str = ""
    example: str = ""
    misleads: str = ""
    terms: str = ""
    touches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for each in self.touches:
            if each not in people.TOUCHES:
                raise ValueError(
                    f"`touches` must be from {people.TOUCHES}, got {each!r}"
                )


class _Checked(abc.ABCMeta):
    """Makes plugins, and checks what they touch of people.

    No way of making one avoids the check. A copy and what is unpickled on a
    worker are not made again: it was checked where the run was submitted.
    """

    card: Card

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        people.check_touches(cls.card.touches, cls.__name__)
        made = super().__call__(*arguments, **options)
        people.check(made)  # its options may make it touch more
        return made


class Plugin(metaclass=_Checked):
    """What plugins of all kinds have in common: a card, and the check of its use."""

    card: ClassVar[Card] = Card(summary="")

    @property
    def touches(self) -> tuple[str, ...]:
        """What it touches of people: its card's, unless its options say more."""
        return self.card.touches

    def touched_by(self, what: str) -> str:
        """Returns what of it touches one of `touches`, as a message names it."""
        return type(self).__name__


@functools.cache
def _found(kind: str) -> dict[str, list[EntryPoint]]:
    if kind not in KINDS:
        raise UnknownPluginError(f"{kind!r} is not a kind of plugin; kinds: {KINDS}")
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=f"affectflow.{kind}"):
        same = found.setdefault(point.name, [])
        if point.value not in [other.value for other in same]:
            same.append(point)
    return found


def names(kind: str) -> list[str]:
    """Returns the names of the installed plugins of a kind; imports none."""
    return sorted(_found(kind))


def load(kind: str, name: str) -> Any:
    """Returns the plugin of this name: usually a class.

    `name` is the class name (`ReadGithub`) or its spelling on the command line
    (`github`).

    Raises:
      UnknownPluginError: no plugin has the name (answers with the nearest), or two.
      PluginImportError: its module cannot be imported, or it does not have the base
        class of its kind; names the cause.
    """
    point = find(kind, name)
    try:
        plugin = point.load()
    except Exception as error:
        why = " ".join(str(error).split())
        raise PluginImportError(
            f"plugin {point.name!r} ({point.value}) cannot be imported: "
            f"{type(error).__name__}: {why}; fix or uninstall "
            f"{distribution(point)!r}"
        ) from error
    _check_base(plugin, point, BASES.get(kind, ()))
    return plugin


def _check_base(plugin: Any, point: EntryPoint, bases: tuple[str, ...]) -> None:
    lineage = getattr(plugin, "__mro__", ())
    if bases and not any(f"{c.__module__}.{c.__qualname__}" in bases for c in lineage):
        raise PluginImportError(
            f"plugin {point.name!r} ({point.value} of {distribution(point)}) is not "
            f"a {' or '.join(bases)}: derive its class from it"
        )


def make(kind: str, name: str, given: Mapping[str, Any] | None = None) -> Any:
    """Returns a plugin made with options: the fields of its dataclass.

    Args:
      kind: one of `KINDS`.
      name: as `load` takes it.
      given: options by name; text is read as the type of the field.

    Raises:
      UnknownPluginError, PluginImportError: as `load`.
      UsageError: an option is unknown, missing, or of another type.
    """
    return construct(
        load(kind, name), given or {}, f"{kind.removesuffix('s')} {name!r}"
    )


def find(kind: str, name: str) -> EntryPoint:
    """Returns the entry point of a plugin, without importing it."""
    found = _found(kind)
    meant = [name] if name in found else [n for n in found if kebab(n) == name]
    if not meant:
        hint = nearest(
            name,
            found,
            map(kebab, found),
            listed_by=f"affectflow plugins --kind {kind}",
        )
        raise UnknownPluginError(
            f"no plugin in affectflow.{kind} is named {name!r}; {hint}"
        )
    points = [point for each in meant for point in found[each]]
    if len(points) > 1:
        claims = " and ".join(f"{p.value} of {distribution(p)}" for p in points)
        raise UnknownPluginError(
            f"{name!r} in affectflow.{kind} is claimed by {claims}; "
            "uninstall one of them"
        )
    return points[0]


def distribution(point: EntryPoint) -> str:
    """Returns name and version of the distribution that brings a plugin."""
    dist = point.dist
    return f"{dist.name} {dist.version}" if dist else "an unknown distribution"


def kebab(name: str) -> str:
    """Returns the spelling on the command line: `ReadStackExchange`, `stack-exchange`.

    >>> kebab("ReadStackExchange"), kebab("EmbeddedEmotions")
    ('stack-exchange', 'embedded-emotions')
    """
    bare = name.removeprefix("Read") or name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", bare).lower()


def nearest(
    name: str,
    names: Iterable[str],
    spellings: Iterable[str] = (),
    *,
    listed_by: str = "",
) -> str:
    """Returns what to say to an unknown name: similar names, or else all known names.

    Args:
      name: as it was given.
      names: the known names.
      spellings: other words for them.
      listed_by: the command that lists them; a long list is then cut to the nearest 3.
    """
    names, spellings = list(names), list(spellings)
    near = difflib.get_close_matches(name, [*names, *spellings], n=1, cutoff=0.5)
    if near:
        # All in the spelling of the nearest, or one plugin would be named twice.
        alike = names if near[0] in names else spellings
        near = difflib.get_close_matches(name, alike, n=3, cutoff=0.5)
        return f"did you mean {_or(near)}?"
    if listed_by and len(names) > _FEW:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.0)
        return f"the nearest are {_or(near)}; `{listed_by}` lists all {len(names)}"
    return f"known: {_or(names)}"


def _or(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word in words) or "none"
