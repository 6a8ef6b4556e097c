"""Words of wheels: from a label, by forms and synonyms, to a cluster of each wheel.

A file of the kind `wheels` has `[wheels.NAME]`, a list of words for each cluster, and
optionally `[synonyms]` and `[forms]` of words, and `[sentiment]`, a list of clusters or
words for `positive` and for `negative`.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from affectflow.data import DataFile
from affectflow.data_tables import TEXT, WORDS, Kind, checked, file_of, table_of
from affectflow_transforms.measures.wheel import folder

SIGNS = MappingProxyType({"positive": 1, "neutral": 0, "negative": -1})
_GROUPS: Kind = (
    "a table of tables of lists of words",
    table_of(("", table_of(WORDS))),
)
_LISTS: Kind = ("a table of lists of words", table_of(WORDS))
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("summary", "source", "licence", "version"), TEXT),
        "wheels": _GROUPS,
        "synonyms": _LISTS,
        "forms": _LISTS,
        "sentiment": _LISTS,
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Wheels:
    """Several wheels, and the words that map to them; all in lower case.

    Args:
      wheels: the cluster of each word, by name of the wheel.
      synonyms: the words of wheels that each word may stand for.
      forms: the words that each spelling may be a form of.
      signs: the sign of each word or cluster: 1, 0 or -1.
    """

    wheels: Mapping[str, Mapping[str, str]]
    synonyms: Mapping[str, tuple[str, ...]]
    forms: Mapping[str, tuple[str, ...]]
    signs: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, name_or_path: str) -> "Wheels":
        """Returns the wheels of a name, a TOML file, or MER-UniBench's folder.

        Raises:
          UsageError: it does not exist or is malformed.
        """
        path = Path(name_or_path).expanduser()
        return _of_folder(path) if path.is_dir() else _of_file(name_or_path)

    def clusters(self, wheel: str, mode: str) -> Mapping[str, str]:
        """Returns the cluster of each label that maps to a wheel.

        Args:
          wheel: its name.
          mode: `compat` takes the first word on the wheel, by the alphabet, of all that
            a label may stand for; `direct` looks first for the label itself, then for
            what it is a form of.
        """
        on = self.wheels[wheel]
        labels = {*on, *self.synonyms, *self.forms}
        tried = ((label, self._tried(label, mode)) for label in sorted(labels))
        found = ((label, next((w for w in ws if w in on), None)) for label, ws in tried)
        return {label: on[word] for label, word in found if word is not None}

    def signs_of_labels(self, mode: str) -> Mapping[str, int]:
        """Returns whether labels are pleasant (1), neither (0) or unpleasant (-1).

        A label that is not listed has the sign of its cluster on the first wheel.
        """
        first = self.clusters(next(iter(self.wheels)), mode)
        of_clusters = {
            label: self.signs[cluster]
            for label, cluster in first.items()
            if cluster in self.signs
        }
        return {**of_clusters, **self.signs}

    @functools.cached_property
    def words(self) -> tuple[str, ...]:
        """The words on all wheels, each once."""
        return tuple(sorted({word for on in self.wheels.values() for word in on}))

    def _tried(self, label: str, mode: str) -> Iterator[str]:
        bases = sorted(self.forms.get(label, (label,)))
        if mode == "direct":
            yield from (label, *bases)
        yield from sorted(
            {w for base in bases for w in self.synonyms.get(base, (base,))}
        )


@functools.cache
def _of_file(name_or_path: str) -> Wheels:
    file = file_of("wheels", name_or_path)
    said = checked(file, file.table(), _KEYS, ("wheels",))
    if not said["wheels"]:
        raise file.fault("[wheels] has no wheel", file.line_of("wheels"))
    wheels = {n: _clusters(file, n, each) for n, each in said["wheels"].items()}
    return Wheels(
        wheels=wheels,
        synonyms=_synonyms(file, wheels, said.get("synonyms", {})),
        forms=leading(said.get("forms", {})),
        signs=_signs(file, said.get("sentiment", {})),
    )


def _clusters(
    file: DataFile, wheel: str, groups: Mapping[str, list[str]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for cluster, words in groups.items():
        for word in map(small, (cluster, *words)):
            if found.setdefault(word, small(cluster)) != small(cluster):
                line = file.line_of(f'"{word}"', f"wheels.{wheel}", 2)
                raise file.fault(f"{word!r} appears twice on the wheel {wheel!r}", line)
    return found


def _synonyms(
    file: DataFile,
    wheels: Mapping[str, Mapping[str, str]],
    said: Mapping[str, list[str]],
) -> dict[str, tuple[str, ...]]:
    words = {word for on in wheels.values() for word in on}
    for word in said:
        if small(word) not in words:
            line = file.line_of(word, "synonyms")
            raise file.fault(f"{word!r} has synonyms, but is on no wheel", line)
    return leading({**{word: [] for word in sorted(words)}, **said})


def _signs(file: DataFile, said: Mapping[str, list[str]]) -> dict[str, int]:
    found: dict[str, int] = dict(SIGNS) if said else {}
    for name, words in said.items():
        if name not in SIGNS:
            line = file.line_of(name, "sentiment")
            raise file.fault(f"[sentiment] has {name!r}, not one of {[*SIGNS]}", line)
        found |= dict.fromkeys(map(small, words), SIGNS[name])
    return found


@functools.cache
def _of_folder(path: Path) -> Wheels:
    given = folder.read(path)
    return Wheels(
        wheels=given.wheels,
        synonyms=leading(given.synonyms),
        forms=leading(given.forms),
        signs=SIGNS,
    )


def leading(said: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Returns, of each other word and of each word itself, the words that list it."""
    found: dict[str, dict[str, Any]] = {}
    for word, others in said.items():
        for each in (word, *others):
            found.setdefault(small(each), {})[small(word)] = None
    return {word: tuple(words) for word, words in found.items()}


def small(word: str) -> str:
    """Returns a word in the form that is looked up."""
    return word.strip().lower()
