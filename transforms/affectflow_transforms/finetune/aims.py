"""What a head is to learn: its outputs, and the targets of rows, all checked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow_transforms.finetune.fitting import objective_of
from affectflow_transforms.finetune.items import rated
from affectflow_transforms.finetune.labels import labelled
from affectflow_transforms.finetune.numbers import number, numbers
from affectflow_transforms.finetune.outputs import config_of
from affectflow_transforms.finetune.rasch import Saved, fit_in
from affectflow_transforms.finetune.splits import Rows, Source, column
from affectflow_transforms.finetune.wanted import Wanted
from affectflow_transforms.models.pretrained.passed_on import SETTINGS, PassedOn
from affectflow_transforms.models.pretrained.tokens import Text
from affectflow_transforms.models.sequence_classifier.heads import Said, space_of

__all__ = ["Aim", "Wanted", "aim_of"]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a head learns.

    Args:
      head: one of `affectflow.kinds.objective.HEADS`.
      objective: its name.
      labels: of the answers; of an ordinal head, the steps.
      outputs: how many numbers the head gives.
      config: for the config.json of the network.
      texts: of all rows, one or two each; of a reward, those that were chosen.
      rejected: of a reward, the other texts of all rows.
      target: of all rows: places of labels, shape (n,); or shape (n, labels); or
        strengths, shape (n,); of items, their steps, -1 where one is not rated.
      usable: rows that have texts and target.
      left_out: how many have not, by reason.
      fit: of items: what makes a measure of their steps.
    """

    head: str
    objective: str
    labels: tuple[str, ...]
    outputs: int
    config: Mapping[str, Any]
    texts: list[Text]
    rejected: list[Text] = field(default_factory=list)
    target: npt.NDArray[Any]
    usable: Rows
    left_out: Counter[str]
    fit: Saved | None = None


def aim_of(source: Source, wanted: Wanted) -> Aim:
    """Returns what a head learns of rows.

    Raises:
      UsageError: a column is missing, a label is outside its vocabulary, a rating off
        its scale, or there is nothing to tell apart.
    """
    objective = objective_of(wanted.head, wanted.objective)
    if wanted.head == "reward":
        return _reward(source, wanted, objective)
    texts = _texts(source, wanted.text, wanted, "text")
    fit = fit_in(wanted.rasch) if wanted.head == "items" else None
    if wanted.head in ("value", "shares"):
        labels, target, missing = numbers(source, wanted)
    elif fit is not None:
        labels, target, missing = rated(source, wanted, fit)
    else:
        labels, target, missing = labelled(source, wanted)
    silent = np.array([not _first(text).strip() for text in texts], np.bool_)
    left_out = Counter({"without text": int(silent.sum())})
    left_out["without a label"] = int((missing & ~silent).sum())
    usable = np.flatnonzero(~silent & ~missing)
    config = config_of(wanted, labels, objective == "coral", fit)
    aim = Aim(
        head=wanted.head,
        objective=objective,
        labels=labels,
        outputs=len(config["id2label"]),
        config=config,
        texts=texts,
        target=target,
        usable=usable,
        left_out=+left_out,
        fit=fit,
    )
    space_of(aim.config, Said())  # says what the reader would refuse
    return aim


# -- texts -----------------------------------------------------------------------------


def bound_by(aim: Aim, bound: PassedOn) -> Aim:
    """Returns an aim whose model passes on what binds whoever labelled."""
    if bound == PassedOn():
        return aim
    own = {**aim.config[SETTINGS], **bound.settings()}
    return replace(aim, config={**aim.config, SETTINGS: own})


def _texts(source: Source, name: str, wanted: Wanted, option: str = "") -> list[Text]:
    """Returns the text of each row, with the second one where there is a column."""
    texts = [str(each or "") for each in column(source, name, option)]
    if wanted.head != "pair" and wanted.second not in source.table.column_names:
        return list(texts)
    seconds = column(source, wanted.second, "second")
    return [
        (text, str(second)) if second else text
        for text, second in zip(texts, seconds, strict=True)
    ]


def _first(text: Text) -> str:
    return text if isinstance(text, str) else text[0]


# -- pairs -----------------------------------------------------------------------------


def _reward(source: Source, wanted: Wanted, objective: str) -> Aim:
    """Returns what a reward learns of pairs of texts."""
    chosen, rejected, strength = _pairs(source, wanted)
    silent = np.array(
        [
            not (_first(one).strip() and _first(other).strip())
            for one, other in zip(chosen, rejected, strict=True)
        ],
        np.bool_,
    )
    undecided = ~silent & ~(strength > 0)
    left_out = Counter({"without text": int(silent.sum())})
    left_out["without a preference"] = int(undecided.sum())
    name = wanted.task or "reward"
    return Aim(
        head="reward",
        objective=objective,
        labels=(name,),
        outputs=1,
        config=config_of(wanted, (name,), False),
        texts=chosen,
        rejected=rejected,
        target=strength.astype(np.float32),
        usable=np.flatnonzero(~silent & ~undecided),
        left_out=+left_out,
    )


_OF_HELPSTEER = ("prompt", "response_1", "response_2", "preference_strength")


def _pairs(
    source: Source, wanted: Wanted
) -> tuple[list[Text], list[Text], npt.NDArray[np.float64]]:
    """Returns the texts that were chosen, the others, and how strongly.

    Columns are `chosen`, `rejected` and perhaps `strength`; or those of HelpSteer2,
    where a `preference_strength` below 0 says that the first response is better.
    """
    names = source.table.column_names
    if "chosen" not in names and set(_OF_HELPSTEER[1:]) <= set(names):
        return _of_helpsteer(source)
    chosen = _texts(source, "chosen", wanted)
    rejected = _texts(source, "rejected", wanted)
    if "strength" not in names:
        return chosen, rejected, np.ones(len(chosen))
    strength = _column(source, "strength")
    if (strength < 0).any():
        raise UsageError(
            f"{str(source.files[0])!r} has a `strength` below 0: exchange `chosen` and "
            "`rejected` there, and write how strong the preference is"
        )
    return chosen, rejected, strength


def _of_helpsteer(
    source: Source,
) -> tuple[list[Text], list[Text], npt.NDArray[np.float64]]:
    prompt, one, other, _ = _OF_HELPSTEER
    asked = [None] * source.table.num_rows
    if prompt in source.table.column_names:
        asked = column(source, prompt)
    sides = [
        # The response comes first: of two texts, the second is cut at its beginning.
        [(str(said or ""), str(a)) if a else str(said or "") for said, a in zip(
            column(source, name), asked, strict=True)]
        for name in (one, other)
    ]  # fmt: skip
    strength = _column(source, "preference_strength")
    better = [int(each > 0) for each in strength]
    return (
        [sides[place][row] for row, place in enumerate(better)],
        [sides[1 - place][row] for row, place in enumerate(better)],
        np.abs(strength),
    )


def _column(source: Source, name: str) -> npt.NDArray[np.float64]:
    return np.array([number(each, source, name) for each in column(source, name)])
