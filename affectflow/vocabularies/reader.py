"""Label sets, and the folds between them: a file of TOML each.

A file has `labels`; `docs/plugins.md` lists what else it may say.
"""

import functools
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from affectflow import data
from affectflow.data import DataFile
from affectflow.data_tables import FLAG, TEXT, WORDS, Kind, checked, table_of
from affectflow.errors import LeftOutWarning, UsageError
from affectflow.registry import nearest

_KIND = "vocabularies"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A label set.

    Args:
      name: as in the column `vocabulary`.
      labels: in the order of the source.
      scale: lowest and highest raw value of a dimensional vocabulary, else None.
      ordered: the labels are steps of one scale, the lowest first.
      families: causes of its labels are grouped to themes, and reported.
      definitions: what a label means to a rater, in a sentence.
      levels: of a label that comes in degrees, their names, the lowest first.
    """

    name: str
    labels: tuple[str, ...]
    scale: tuple[float, float] | None = None
    ordered: bool = False
    families: bool = False
    definitions: Mapping[str, str] = field(default_factory=dict, hash=False)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One step of a map between vocabularies; a row of the table `folds`."""

    from_vocabulary: str
    from_label: str
    to_vocabulary: str
    to_label: str
    weight: float = 1.0
    version: str = "1"


def get(name: str) -> Vocabulary:
    """Returns the vocabulary of this name.

    Raises:
      UsageError: no file has the name, or two, or something is wrong with it.
    """
    vocabulary = _read(name)
    _folds_of(name)
    return vocabulary


@functools.cache
def known() -> Mapping[str, Vocabulary]:
    """Returns all vocabularies by name: the core's first, then those of plugins.

    One of a plugin that is wrong is left out, with a warning.

    Raises:
      UsageError: a plugin claims the name of one of the core.
    """
    found, core = {}, {file.name for file in data.own(_KIND)}
    for name in data.names(_KIND):
        try:
            found[name] = get(name)
        except UsageError as error:
            if name in core:
                raise
            warnings.warn(f"vocabulary left out: {error}", LeftOutWarning, stacklevel=2)
    return MappingProxyType(found)


@functools.cache
def folds() -> tuple[Fold, ...]:
    """Returns all steps of all folds."""
    return tuple(step for name in known() for step in _folds_of(name))


def fold(label: str, source: str, target: str) -> dict[str, float]:
    """Returns the labels of `target` that `label` of `source` folds to, and weights.

    Empty if the fold leaves the label out: `neutral` is not one of Ekman's six.

    >>> fold("annoyance", "goemotions", "irritation")
    {'irritation': 1.0}
    """
    return {
        f.to_label: f.weight
        for f in folds()
        if (f.from_vocabulary, f.from_label, f.to_vocabulary) == (source, label, target)
    }


def members(target_label: str, target: str, source: str) -> tuple[str, ...]:
    """Returns the labels of `source` that fold to `target_label`.

    >>> members("irritation", "irritation", "goemotions")
    ('annoyance', 'anger', 'disappointment')
    """
    return tuple(
        f.from_label
        for f in folds()
        if (f.from_vocabulary, f.to_vocabulary, f.to_label)
        == (source, target, target_label)
    )


def recognise(labels: list[str]) -> str | None:
    """Returns the name of the vocabulary with exactly these labels, in any order."""
    wanted = {label.lower() for label in labels}
    for vocabulary in known().values():
        if set(vocabulary.labels) == wanted:
            return vocabulary.name
    return None


# -- files -------------------------------------------------------------------------


def _is_scale(value: Any) -> bool:
    numbers = isinstance(value, list) and [type(n) in (int, float) for n in value]
    return numbers == [True, True] and value[0] < value[1]


_GROUPS: Kind = (
    "a table of tables of lists of labels",
    table_of(("", table_of(WORDS))),
)
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        "summary": TEXT,
        "source": TEXT,
        "licence": TEXT,
        "version": TEXT,
        "labels": WORDS,
        "scale": ("the lowest and the highest value", _is_scale),
        "ordered": FLAG,
        "families": FLAG,
        "definitions": ("a table of texts", table_of(TEXT)),
        "levels": ("a table of lists of texts", table_of(WORDS)),
        "folds": _GROUPS,
        "members": _GROUPS,
    }
)


@functools.cache
def _table(file: DataFile) -> dict[str, Any]:
    """Returns what a file says, each key of its type."""
    return checked(file, file.table(), _KEYS, ("labels",))


@functools.cache
def _read(name: str) -> Vocabulary:
    """Returns a vocabulary, whether its folds are right or not."""
    file = data.find(_KIND, name)
    said = _table(file)
    labels = said["labels"]
    _check_once(file, "labels", labels)
    for key in ("definitions", "levels"):
        _check_labels(file, key, said.get(key, ()), labels)
    scale = said.get("scale")
    return Vocabulary(
        name=name,
        labels=tuple(labels),
        scale=(float(scale[0]), float(scale[1])) if scale else None,
        ordered=said.get("ordered", False),
        families=said.get("families", False),
        definitions=said.get("definitions", {}),
        levels={k: tuple(steps) for k, steps in said.get("levels", {}).items()},
    )


def _check_once(file: DataFile, below: str, labels: list[str]) -> None:
    for label in labels:
        if labels.count(label) > 1:
            line = file.line_of(f'"{label}"', below, 2)
            raise file.fault(f"label {label!r} appears twice", line)


def _check_labels(
    file: DataFile, below: str, given: Iterable[str], labels: Iterable[str]
) -> None:
    for label in given:
        if label not in labels:
            hint = nearest(label, labels)
            line = file.line_of(label, below)
            raise file.fault(f"unknown label {label!r} in [{below}]; {hint}", line)


@functools.cache
def _folds_of(name: str) -> tuple[Fold, ...]:
    """Returns the folds that a file states: to other label sets, and from them.

    Raises:
      UsageError: it names a vocabulary or label that is not there.
    """
    file = data.find(_KIND, name)
    found: list[Fold] = []
    for key in ("folds", "members"):
        for other, groups in _table(file).get(key, {}).items():
            source, target = (name, other) if key == "folds" else (other, name)
            if _is_there(file, other, f"{key}.{other}"):
                _check_fold(file, f"{key}.{other}", groups, source, target)
                found += _steps(file, source, target, groups)
    return tuple(found)


def _is_there(file: DataFile, other: str, section: str) -> bool:
    """Returns whether a vocabulary can be read; what is wrong with it, it says itself.

    Raises:
      UsageError: nobody brings it.
    """
    there = data.names(_KIND)
    if other not in there:
        line = file.line_of(section)
        raise file.fault(f"unknown vocabulary {other!r}; {nearest(other, there)}", line)
    try:
        _read(other)
    except UsageError:
        return False
    return True


def _check_fold(
    file: DataFile,
    section: str,
    groups: Mapping[str, list[str]],
    source: str,
    target: str,
) -> None:
    fine = [label for group in groups.values() for label in group]
    _check_labels(file, section, groups, _read(target).labels)
    _check_labels(file, section, fine, _read(source).labels)
    _check_once(file, section, fine)
    key, _, other = section.partition(".")
    theirs = _table(data.find(_KIND, other))
    if file.name in theirs.get("members" if key == "folds" else "folds", {}):
        path = data.find(_KIND, other).path
        raise file.fault(f"[{section}] is also in {path}", file.line_of(section))


def _steps(
    file: DataFile, source: str, target: str, groups: Mapping[str, list[str]]
) -> Iterable[Fold]:
    version = _table(file).get("version", "1")
    for to, group in groups.items():
        for label in group:
            yield Fold(
                from_vocabulary=source,
                from_label=label,
                to_vocabulary=target,
                to_label=to,
                version=version,
            )
