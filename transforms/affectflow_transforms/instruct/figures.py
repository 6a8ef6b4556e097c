"""How well a model answers rows that it has not learned, by choice and in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.batches.bootstrap import Interval, bootstrap
from affectflow.gold.figures.accuracy import rate
from affectflow.gold.figures.schemas import MACRO
from affectflow.kinds.asking import Completion, Outcome, Request
from affectflow.kinds.parsing import parsed
from affectflow.kinds.prompt import Answer, is_closed, parser_of
from affectflow.kinds.teaching import Exchange, said_alike
from affectflow.kinds.trainer import Figure
from affectflow.schemas import Status
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.instruct.school import DPO, School
from affectflow_transforms.models.generate.completing import completed
from affectflow_transforms.models.trained import label_figures, value_figures

Flags = npt.NDArray[np.bool_]
_READ = (Status.OK, Status.ABSTAINED)


def figures_of(
    school: School,
    exchanges: Sequence[Exchange],
    rows: Rows,
    units: Sequence[str],
    when: str,
) -> tuple[Figure, ...]:
    """Returns figures of rows with 95 % intervals; units are drawn, not rows.

    Args:
      school: the model, and all that is to be answered.
      exchanges: of all rows.
      rows: that were not learned.
      units: of each of `rows`, what belongs together.
      when: `before` or `after`.
    """
    if school.objective == DPO:
        return tuple(_of_pairs(school, rows, units, when))
    found = [_loss(school, rows, when)]
    steps = {exchanges[row].step.name: exchanges[row].step for row in rows}
    for name in steps:
        places = [n for n, row in enumerate(rows) if exchanges[row].step.name == name]
        own = [exchanges[rows[place]] for place in places]
        of = [units[place] for place in places]
        found += _of_step(school, own, of, f"{name}, {when}")
        if when == "before" and own[0].step.labels and not _has_value(own[0]):
            found.append(_always(own, of, name))
    return tuple(found)


def _loss(school: School, rows: Rows, when: str) -> Figure:
    return Figure("loss", f"(all), {when}", -school.judge(rows))


def _always(own: Sequence[Exchange], units: Sequence[str], name: str) -> Figure:
    """Returns how often the most frequent answer is right: what must be surpassed."""
    most, _ = Counter(each.target for each in own).most_common(1)[0]
    right = np.array([each.target == most for each in own])
    return _figure("text_accuracy", f"{name}, always {most!r}", _share(right, units))


def _of_pairs(
    school: School, rows: Rows, units: Sequence[str], when: str
) -> Iterator[Figure]:
    """Yields the share of pairs whose chosen answer is likelier, and is so by more."""
    likely = school.likelihoods(rows)
    right = likely[:, 0] > likely[:, 1]
    yield _figure("likelier", f"(pairs), {when}", _share(right, units))
    if school.reference is not None and when == "after":
        gain = likely - school.reference[rows]
        more = gain[:, 0] > gain[:, 1]
        yield _figure("gained_more", f"(pairs), {when}", _share(more, units))


# -- one step --------------------------------------------------------------------------


def _of_step(
    school: School, own: Sequence[Exchange], units: Sequence[str], label: str
) -> Iterator[Figure]:
    if is_closed(own[0].step, parser_of(own[0].step)):
        asked = _asked(school, own, choice=True)
        chosen = [_read(each, said) for each, said in asked]
        yield from _of_labels("choice", own, chosen, units, label)
        yield from _auc(asked, units, label)
    if not (own[0].step.labels or _has_value(own[0])):
        return  # of a text there is no right one
    told = [_read(each, said) for each, said in _asked(school, own, choice=False)]
    lost = np.array([not _is_read(each) for each in told])
    if _has_value(own[0]):
        yield from _of_values(own, told, units, label)
    else:
        yield from _of_labels("text", own, told, units, label)
    yield _figure("unparsed", label, _share(lost, units))


def _has_value(exchange: Exchange) -> bool:
    return any(answer.value is not None for answer in exchange.answers)


def _asked(
    school: School, own: Sequence[Exchange], *, choice: bool
) -> list[tuple[Exchange, Outcome]]:
    """Returns what the model answers, in words or by the likelihood of labels."""
    requests = [
        Request(
            messages=each.request.messages,
            choices=each.step.labels if choice else (),
            max_new_tokens=each.step.max_new_tokens,
        )
        for each in own
    ]
    school.generator.module.eval()
    said = completed(school.generator, requests, "sum")
    return list(zip(own, said, strict=True))


def _read(exchange: Exchange, said: Outcome) -> list[Answer]:
    """Returns what the parser of a step reads; nothing of what failed."""
    if not isinstance(said, Completion):
        return []
    step = exchange.step
    return parsed(step, parser_of(step), said.text, exchange.reading)


def _is_read(answers: Sequence[Answer]) -> bool:
    return any(answer.status in _READ for answer in answers)


def _of_labels(
    how: str,
    own: Sequence[Exchange],
    said: Sequence[Sequence[Answer]],
    units: Sequence[str],
    label: str,
) -> Iterator[Figure]:
    right = [said_alike(s, each.answers) for s, each in zip(said, own, strict=True)]
    yield _figure(f"{how}_accuracy", label, _share(np.array(right), units))
    labels = sorted({a.label for each in own for a in each.answers if a.label})
    truth = _has([each.answers for each in own], labels)
    given = _has(said, labels)
    found = bootstrap(units, lambda weights: _macro_f1(weights, given, truth))
    yield _figure(f"{how}_f1", label, found)


def _auc(
    asked: Sequence[tuple[Exchange, Outcome]], units: Sequence[str], label: str
) -> Iterator[Figure]:
    """Yields the area under the curve of the likelihoods, the mean over labels.

    A model that tells labels apart, but favours one of them, has a high one and a low
    accuracy. There is none if rows have different labels, or one failed.
    """
    labels = asked[0][0].step.labels
    scored = [
        said.scores
        for each, said in asked
        if isinstance(said, Completion) and said.scores and each.step.labels == labels
    ]
    if len(scored) < len(asked):
        return
    scores = np.array(scored)
    truth = _has([each.answers for each, _ in asked], labels)
    best = scores == scores.max(axis=1, keepdims=True)
    for figure in label_figures(labels, scores, best, truth, units):
        if (figure.name, figure.label) == ("auc", MACRO):
            yield figure._replace(name="choice_auc", label=label)


def _has(answers: Sequence[Sequence[Answer]], labels: Sequence[str]) -> Flags:
    """Returns which labels each row has, shape (rows, labels)."""
    named = [{a.label for a in each if a.status is Status.OK} for each in answers]
    return np.array([[label in each for label in labels] for each in named], np.bool_)


def _macro_f1(weights: Any, given: Flags, truth: Flags) -> Any:
    """Returns the mean F1 over the labels that rows have, for each row of weights."""
    both, one, other = (
        weights @ flags.astype(np.float64) for flags in (given & truth, given, truth)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(other > 0, 2 * both / (one + other), np.nan)
    there = other > 0
    return np.nansum(f1, axis=1) / np.maximum(there.sum(axis=1), 1)


def _of_values(
    own: Sequence[Exchange],
    said: Sequence[Sequence[Answer]],
    units: Sequence[str],
    label: str,
) -> Iterator[Figure]:
    """Yields Pearson's r and concordance over rows whose number was read."""
    pairs = [
        (_value(s), _value(each.answers), unit)
        for s, each, unit in zip(said, own, units, strict=True)
    ]
    read = [(s, t, unit) for s, t, unit in pairs if s is not None and t is not None]
    if len(read) < 2:
        return
    values, truth, of = zip(*read, strict=True)
    yield from value_figures(
        [label], np.array(values)[:, None], np.array(truth)[:, None], of
    )


def _value(answers: Sequence[Answer]) -> float | None:
    return next((a.value for a in answers if a.value is not None), None)


def _share(flags: npt.NDArray[Any], units: Sequence[str]) -> Interval:
    everywhere = np.ones(len(flags), np.bool_)
    return bootstrap(units, lambda weights: rate(weights, flags, everywhere))


def _figure(name: str, label: str, found: Interval) -> Figure:
    value, low, high = (None if each != each else float(each) for each in found)
    return Figure(name, label, value, low, high)
