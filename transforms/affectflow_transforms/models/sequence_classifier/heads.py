"""What the outputs of a head are: labels or values, in their order, on which scale.

The config.json of a model names its outputs; a vocabulary says what they mean. The user
must say what neither does: nothing is guessed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.registry import nearest
from affectflow.vocabularies import Vocabulary
from affectflow_transforms.models.pretrained.passed_on import SETTINGS as SETTINGS

ANSWERS = ("auto", "one", "several", "shares", "ordinal", "items", "value")
# What transformers calls an output without a name.
_UNNAMED = re.compile(r"LABEL_\d+")
_NEAREST = 3
_OWN = "keep them as your own label set with --set vocabulary=NAME"

Scale = tuple[float, float]
Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Space:
    """What the outputs of a head are.

    Args:
      answer: one of `ANSWERS`, but not `auto`.
      labels: the labels of the answers; for ordinal ones, the single label or the steps
        of the scale.
      vocabulary: the label set.
      positions: for ordinal answers, the position of each output's step on the
        vocabulary's scale.
      scale: for values, the lowest and highest that the head gives.
      onto: the scale that values are mapped to; None leaves them unchanged.
      task: what the labels answer, if the model says so.
      thresholds: for several labels, the lowest score of each, if the model gives them.
      cumulative: whether the outputs of a scale say that its step is above the first
        one, above the second one, and so on.
      measures: for items, the measure of each sum of their ratings and its standard
        error, the lowest sum first.
      clipped: whether values beyond the scale become its ends, as a regression
        overshoots a little.
    """

    answer: str
    labels: tuple[str, ...]
    vocabulary: str
    positions: tuple[float, ...] = ()
    scale: Scale | None = None
    onto: Scale | None = None
    task: str = ""
    thresholds: tuple[float, ...] = ()
    cumulative: bool = False
    measures: tuple[tuple[float, float], ...] = ()
    clipped: bool = False


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a user says about a head.

    Args:
      answer: one of `ANSWERS`.
      labels: the labels of the outputs, in their order; empty for the config's.
      vocabulary: the label set; empty for the one that matches.
      scale: the scale of the values that the head gives.
      steps: the steps of a scale, the lowest first; empty for the outputs.
    """

    answer: str = "auto"
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    scale: Scale | None = None
    steps: tuple[str, ...] = ()


def space_of(config: Mapping[str, Any], said: Said) -> Space:
    """Returns what the outputs of a head are.

    Args:
      config: what the model's config.json says.
      said: what the user says.

    Raises:
      UsageError: both together do not determine them; the message says what to do.
    """
    own = config.get(SETTINGS) or {}
    said = _with_own(said, own)
    outputs = _outputs(config, said)
    answer = _answer(config, said.answer, len(outputs))
    if answer == "items":
        return _items(own)
    makers: Mapping[str, Callable[..., Space]] = {"ordinal": _ordinal, "value": _values}
    space = makers.get(answer, _labels)(answer, outputs, said)
    thresholds = tuple(map(float, own.get("thresholds", ())))
    fits = answer == "several" and len(thresholds) == len(outputs)
    return replace(
        space,
        task=str(own.get("task", "")),
        thresholds=thresholds if fits else (),
        cumulative=answer == "ordinal" and bool(own.get("cumulative")),
        clipped=answer == "value" and bool(own.get("scale")),
    )


def _with_own(said: Said, own: Mapping[str, Any]) -> Said:
    """Returns what a user says, or else what the training said, of a head."""
    if not own:
        return said
    scale = own.get("scale")
    return replace(
        said,
        answer=said.answer if said.answer != "auto" else str(own["answer"]),
        vocabulary=said.vocabulary or str(own["vocabulary"]),
        scale=said.scale or (scale and (float(scale[0]), float(scale[1]))) or None,
        steps=tuple(map(str, own.get("steps", ()))),
    )


def _outputs(config: Mapping[str, Any], said: Said) -> list[str]:
    """Returns the names of the outputs, in their order."""
    stated: Mapping[Any, Any] = config.get("id2label") or {}
    named = [str(stated[key]) for key in sorted(stated, key=int)]
    if said.labels and named and len(said.labels) != len(named):
        raise UsageError(
            f"the head has {len(named)} outputs, but `labels` names "
            f"{len(said.labels)}: name each of them, in their order"
        )
    outputs = list(said.labels) or named or ["LABEL_0", "LABEL_1"]
    if _turned(outputs, named):
        raise UsageError(
            f"the model's config.json names its outputs {_listed(named)}, and `labels` "
            "has these in another order: leave `labels` out"
        )
    if any(map(_UNNAMED.fullmatch, outputs)):
        raise UsageError(
            f"the model's config.json names its outputs {_listed(outputs)}, which have "
            "no meaning: name them in their order with --set labels=A,B,..."
        )
    return outputs


def _turned(outputs: Sequence[str], named: Sequence[str]) -> bool:
    """Returns whether two lists hold the same names in another order."""
    one, two = ([name.lower() for name in each] for each in (outputs, named))
    return one != two and sorted(one) == sorted(two)


def _answer(config: Mapping[str, Any], wanted: str, n_outputs: int) -> str:
    """Returns which kind of answer it is: as the user, else as the config says."""
    kind = config.get("problem_type")
    if wanted == "auto":
        several = "several" if kind == "multi_label_classification" else "one"
        wanted = "value" if kind == "regression" or n_outputs == 1 else several
    if n_outputs == 1 and wanted in ("one", "shares", "ordinal"):
        raise UsageError(
            f"the head has one output, so it cannot give answer={wanted}: use "
            "answer=value if it is a number, or answer=several if it is one label that "
            "may be present"
        )
    return wanted


# -- labels ----------------------------------------------------------------------------


def _labels(answer: str, outputs: Sequence[str], said: Said) -> Space:
    why = f"answer={answer} gives labels, which have no scale: leave `scale` out"
    _refuse(said.scale is not None, why)
    name, labels = _in_vocabulary(outputs, said.vocabulary)
    return Space(answer=answer, labels=labels, vocabulary=name)


def _in_vocabulary(outputs: Sequence[str], wanted: str) -> tuple[str, tuple[str, ...]]:
    """Returns the label set of some outputs, and the outputs in its spelling."""
    fits = vocabularies.recognise(list(outputs))
    known = vocabularies.known()
    if not wanted and fits is None:
        raise UsageError(
            f"the labels {_listed(outputs)} match no known vocabulary"
            f"{_near(outputs)}: {_OWN}, or rename them in their order with --set "
            "labels=A,B,..."
        )
    if wanted and wanted not in known:
        _refuse(
            fits is not None,
            f"unknown vocabulary {wanted!r}, but the labels are those of {fits!r}: "
            "leave `vocabulary` out",
        )
        return wanted, tuple(outputs)
    name = wanted or str(fits)
    return name, _spelt(outputs, known[name])


def _near(outputs: Sequence[str]) -> str:
    """Returns the label sets that have some of the outputs, and what is missing."""
    found = []
    for name, vocabulary in vocabularies.known().items():
        own = {label.lower() for label in vocabulary.labels}
        lacking = [output for output in outputs if output.lower() not in own]
        if len(lacking) < len(outputs):
            found.append((len(lacking), len(own), name, lacking))
    said = [
        f"--set vocabulary={name} ({_lacks(lacking)})"
        for _, _, name, lacking in sorted(found)[:_NEAREST]
    ]
    return f"; the nearest are {', '.join(said)}" if said else ""


def _lacks(lacking: Sequence[str]) -> str:
    return f"without {_listed(lacking)}" if lacking else "has all of them, and more"


def _spelt(outputs: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    spelling = {label.lower(): label for label in vocabulary.labels}
    for output in outputs:
        if output.lower() not in spelling:
            raise UsageError(
                f"{output!r} is not a label of the vocabulary {vocabulary.name!r}; "
                f"{nearest(output, vocabulary.labels)}: rename the outputs in their "
                "order with --set labels=A,B,..."
            )
    return tuple(spelling[output.lower()] for output in outputs)


# -- steps of a scale ------------------------------------------------------------------


def _ordinal(answer: str, outputs: Sequence[str], said: Said) -> Space:
    _refuse(
        said.scale is not None,
        "answer=ordinal uses the scale of its vocabulary: leave `scale` out",
    )
    names = [output.lower() for output in said.steps or outputs]
    if said.steps and said.vocabulary not in vocabularies.known():
        return Space(
            answer=answer,
            labels=said.steps,
            vocabulary=said.vocabulary,
            positions=_places(len(said.steps), None),
        )
    for vocabulary in _candidates(said.vocabulary):
        for labels, steps in _ladders(vocabulary):
            ladder = [step.lower() for step in steps]
            if sorted(ladder) == sorted(names):
                places = _places(len(steps), vocabulary.scale)
                return Space(
                    answer=answer,
                    labels=labels,
                    vocabulary=vocabulary.name,
                    positions=tuple(places[ladder.index(name)] for name in names),
                )
    raise UsageError(
        f"answer=ordinal needs a vocabulary whose steps are {_listed(outputs)}: write "
        "a vocabulary with `ordered = true`, or with these as `levels` of a label"
    )


def _candidates(wanted: str) -> list[Vocabulary]:
    return [vocabularies.get(wanted)] if wanted else [*vocabularies.known().values()]


def _ladders(vocabulary: Vocabulary) -> Iterator[tuple[Words, Words]]:
    """Yields labels and steps of each scale of a vocabulary, the lowest step first."""
    for label, steps in vocabulary.levels.items():
        yield (label,), steps
    if vocabulary.ordered:
        yield vocabulary.labels, vocabulary.labels


def _places(n: int, scale: Scale | None) -> tuple[float, ...]:
    """Returns where n steps are: evenly on the scale; 0, 1, 2, ... without a scale."""
    low, high = scale or (0.0, n - 1.0)
    return tuple(low + (high - low) * step / (n - 1) for step in range(n))


def _items(own: Mapping[str, Any]) -> Space:
    _refuse(
        "measures" not in own,
        "answer=items needs a head that `affectflow train finetune --set head=items` "
        "fitted: name another answer",
    )
    return Space(
        answer="items",
        labels=tuple(map(str, own["items"])),
        vocabulary=str(own["vocabulary"]),
        task=str(own.get("task", "")),
        measures=tuple((float(at), float(error)) for at, error in own["measures"]),
    )


# -- values ----------------------------------------------------------------------------


def _values(answer: str, outputs: Sequence[str], said: Said) -> Space:
    vocabulary = _of_values(outputs, said.vocabulary)
    if vocabulary is None:
        return Space(
            answer=answer,
            labels=tuple(outputs),
            vocabulary=said.vocabulary,
            scale=said.scale,
        )
    low, high = vocabulary.scale or (0.0, 1.0)
    _refuse(
        said.scale is None,
        "the model does not say on which scale its values are: give it with --set "
        f"scale=LOW,HIGH; it is mapped to that of {vocabulary.name!r}, {low:g} to "
        f"{high:g}",
    )
    return Space(
        answer=answer,
        labels=_spelt(outputs, vocabulary),
        vocabulary=vocabulary.name,
        scale=said.scale,
        onto=(low, high),
    )


def _of_values(outputs: Sequence[str], wanted: str) -> Vocabulary | None:
    """Returns the vocabulary with a scale for some outputs; None for one's own."""
    known = vocabularies.known()
    if wanted and wanted not in known:
        return None
    if wanted:
        _refuse(known[wanted].scale is None, f"the vocabulary {wanted!r} has no scale")
        return known[wanted]
    names = {output.lower() for output in outputs}
    for vocabulary in known.values():
        if vocabulary.scale and names <= set(map(str.lower, vocabulary.labels)):
            return vocabulary
    raise UsageError(
        f"no known vocabulary has a scale for the values {_listed(outputs)}: {_OWN}, "
        "or rename them in their order with --set labels=A,B,..."
    )


def _refuse(wrong: bool, why: str) -> None:
    if wrong:
        raise UsageError(why)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:4]))
    return shown + (f" ... ({len(names)})" if len(names) > 4 else "")
