"""Who answers: a row of the table `annotators`, whose id ends in the options.

A plugin says where its answers come from; the id is made here, so that no plugin can
store the answers of two options under one id.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from affectflow.registry import Plugin


class Origin(NamedTuple):
    """Where answers come from.

    Attributes:
      name: a class of rules, or a hub model.
      revision: of all that determines answers besides the options: weights, rules,
        words.
      licence: of the weights, or of the code if there are no weights.
      commercial_use: whether the licence allows it; None if it does not say.
      model: where to find it again; `name` if that says it.
    """

    name: str
    revision: str
    licence: str
    commercial_use: bool | None
    model: str = ""


class Annotator(Plugin):
    """What answers about utterances: a model, or a miner."""

    annotator_kind: ClassVar[str] = "model"
    """In the table: `model`, `rules`, `lexicon` or `prompt`."""
    version: ClassVar[str] = "1"
    """Version of a class without weights: raise it when its answers change."""
    not_in_id: ClassVar[frozenset[str]] = frozenset()
    """Options that do not change answers, such as a device; others are in the id."""
    only_if_said: ClassVar[frozenset[str]] = frozenset({"style"})
    """Options that are in the id only if they are set, because lakes are older."""
    prompt_hash: str | None = None
    """BLAKE2b of the prompt that is asked, if there is one."""
    notice: str | None = None
    """What readers of the results are told, if a guard says so."""
    over: str = ""
    """The annotator whose answers it reads; an option of models that read answers.

    Several, if the model `reads_several`: their ids with commas between them, sorted.
    """

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if "annotator" in vars(cls):
            raise TypeError(
                f"{cls.__name__} has a method `annotator`, which makes the id for all "
                "plugins: say in `origin` where answers come from"
            )

    def origin(self) -> Origin:
        """Returns where answers come from: by default the class and its `version`.

        Cheap: it runs on the submitting machine, before any model is loaded.
        """
        licence = self.card.weights_licence or self.card.licence
        name = type(self).__name__
        return Origin(name, self.version, licence, self.card.commercial_use)

    def parameters(self) -> dict[str, Any]:
        """Returns the rest of the id: options that determine answers."""
        return options_of(self)

    def annotator(self) -> dict[str, Any]:
        """Returns the row of the table `annotators`.

        `annotator_id` is the name, `@`, 8 characters of the revision and, if there are
        options, `+` and 8 hexadecimal digits of their BLAKE2b.
        """
        # The package imports its parts on first use, and this is one of them.
        from affectflow import __version__

        origin, options = self.origin(), self.parameters()
        return {
            "annotator_id": f"{origin.name}@{origin.revision[:8]}{digest_of(options)}",
            "kind": self.annotator_kind,
            "model": origin.model or origin.name,
            "revision": origin.revision,
            "licence": origin.licence,
            "commercial_use": origin.commercial_use,
            "prompt_hash": self.prompt_hash,
            "parameters": as_json(options),
            "over": self.over or None,
            "version": __version__,
            "touches": list(self.touches),
            "notice": self.notice,
        }


def joined(ids: Iterable[str]) -> str:
    """Returns `over` for some annotators: the same in whatever order they are named.

    >>> joined(["b@1", "a@1", "b@1"])
    'a@1,b@1'
    """
    return ",".join(sorted(set(ids)))


def ids_in(over: str | None) -> tuple[str, ...]:
    """Returns the ids that `over` of an annotator may name; none if it is empty.

    The whole is among them, as ids that came in with messages may contain commas.

    >>> ids_in("a@1,b@1")
    ('a@1,b@1', 'a@1', 'b@1')
    """
    return tuple(dict.fromkeys((over, *over.split(",")))) if over else ()


def options_of(plugin: Any) -> dict[str, Any]:
    """Returns the options that determine a plugin's answers: all but `not_in_id`."""
    if not dataclasses.is_dataclass(plugin):
        return {}
    names = [field.name for field in dataclasses.fields(plugin) if field.init]
    options = {name: getattr(plugin, name) for name in names}
    left_out = set(getattr(plugin, "not_in_id", ()))
    left_out |= {n for n in getattr(plugin, "only_if_said", ()) if not options.get(n)}
    return {name: said for name, said in options.items() if name not in left_out}


def as_json(options: Mapping[str, Any]) -> str:
    """Returns options as JSON with sorted keys."""
    return json.dumps(options, sort_keys=True, ensure_ascii=False, default=str)


def digest_of(options: Mapping[str, Any]) -> str:
    """Returns `+` and 8 hexadecimal digits that identify options; empty for none."""
    if not options:
        return ""
    content = as_json(options).encode()
    return "+" + hashlib.blake2b(content, digest_size=4).hexdigest()
