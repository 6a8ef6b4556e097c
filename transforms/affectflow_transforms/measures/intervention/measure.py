"""InterventionExtrapolation: what to expect from an action nobody has tried yet.

Rep4Ex (Saengkyongam et al. 2024, arXiv 2310.04295): the latent that an action moves is
given, as columns, or learned from columns that are observed.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value, by_options
from affectflow.registry import Card
from affectflow_transforms.measures.intervention.control import (
    ROWS_A_TERM,
    Curve,
    Floats,
    Runs,
    Stage,
    control_function,
    first_stage,
    leaves_nothing,
    strength_of,
)

WEAK = 10.0
"""Below this, an action hardly moves the latent (Staiger and Stock 1997)."""
_RESERVED = ("unit", "group", "left_out")


def _number(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.float64(), metadata={"doc": doc})


def _reads(measure: "InterventionExtrapolation") -> pa.Schema:
    return pa.schema(
        [
            *(_number(name, "what was done") for name in measure.action),
            *(_number(name, "what the action moves") for name in measure.moved),
            _number(measure.outcome, "the result"),
            pa.field("unit", pa.string(), metadata={
                "doc": "what intervals resample: a conversation or a community"}),
        ]
    )  # fmt: skip


def _needed(measure: "InterventionExtrapolation") -> tuple[str, ...]:
    return (*measure.action, *measure.moved, measure.outcome)


def _refuses(measure: "InterventionExtrapolation") -> Mapping[str, str]:
    endless = " OR ".join(f'NOT isfinite("{name}")' for name in _needed(measure))
    return {"a number is not finite": endless}


def _named(measure: "InterventionExtrapolation") -> list[str]:
    named = [(f"action_{n}", name) for n, name in enumerate(measure.action)]
    named += [(f"moved_{n}", name) for n, name in enumerate(measure.moved)]
    named.append(("outcome", measure.outcome))
    return [f'"{name}" AS {key}' for key, name in named]


def _keys(measure: "InterventionExtrapolation") -> tuple[str, ...]:
    return ("unit", *(each.rpartition(" ")[2] for each in _named(measure)))


def _state(measure: "InterventionExtrapolation") -> str:
    columns = ", ".join(_named(measure))
    return f"SELECT unit, {columns}, count(*) AS n FROM observations GROUP BY ALL"


@dataclass(kw_only=True)
class InterventionExtrapolation(Measure):
    """Estimates the outcome of an action outside the range of those tried.

    An action moves a latent, which moves the outcome along a curve; something unseen
    may move both. The latent is regressed on the action, and the outcome on polynomials
    of the latent and of what the action leaves of it; then the action is set. Of each
    action `at` which it is asked: `expected`, the mean outcome; `outside_support`, how
    far it is from what was tried, 0 inside; and `latent_outside`, the share of latents
    there that are beyond all that was seen. Of the latent: `strength`, how well
    the action moves it; below 10 nothing is said.

    Args:
      action: columns of a file with what was done.
      latent: columns with what it moves, no more than there are actions; with
        `observed`, names for it.
      observed: columns that the latent shows in, bent or mixed: it is learned from them
        (extra `torch`), so that the action moves it in a straight line.
      outcome: the column with what came of it.
      at: the actions to ask about, as `2,3`; of several columns one number for each,
        action by action. Empty for the lowest and the highest that was tried.

    Raises:
      UsageError: a column is named twice or not at all, there are more latents than
        actions, or `at` does not have a finite number for each action.
    """

    action: tuple[str, ...] = ("action",)
    latent: tuple[str, ...] = ("latent",)
    observed: tuple[str, ...] = ()
    outcome: str = "outcome"
    at: tuple[float, ...] = ()

    reads: ClassVar[pa.Schema] = by_options(_reads)
    needed: ClassVar[tuple[str, ...]] = by_options(_needed)
    refuses: ClassVar[Mapping[str, str]] = by_options(_refuses)
    keys: ClassVar[tuple[str, ...]] = by_options(_keys)
    state: ClassVar[str] = by_options(_state)
    card: ClassVar[Card] = Card(
        summary="what outcome to expect from an action beyond all those tried",
        answers="what if we did more of it than anyone has?",
        example="affectflow measure InterventionExtrapolation runs.csv "
        "--set action=moderation --set latent=tone --set outcome=distress --set at=3",
        misleads="it holds if the action moves the outcome through the latent alone, "
        "and moves it in a straight line; the farther outside, the more rests on the "
        "curve",
    )

    def __post_init__(self) -> None:
        names = (*_needed(self), *(self.latent if self.observed else ()))
        lower = [name.lower() for name in names]
        if len(set(lower)) < len(names) or not self.action or not self.latent:
            raise UsageError(
                "action, latent and outcome must be different columns, got "
                f"{', '.join(names)}"
            )
        for name in names:
            if not name or '"' in name or name.lower() in _RESERVED:
                raise UsageError(f"a column cannot be named {name!r}; rename it")
        if len(self.latent) > len(self.action):
            raise UsageError(
                f"{len(self.latent)} latents need as many actions to tell them apart, "
                f"got {len(self.action)}; name more `action` columns"
            )
        if self.observed and len(self.observed) < len(self.latent):
            raise UsageError(
                f"{len(self.latent)} latents need as many `observed` columns, got "
                f"{len(self.observed)}"
            )
        if len(self.at) % len(self.action) or not all(map(math.isfinite, self.at)):
            raise UsageError(
                f"`at` must have a finite number for each of {', '.join(self.action)}, "
                f"got {', '.join(f'{each:g}' for each in self.at)}"
            )

    @property
    def moved(self) -> tuple[str, ...]:
        """The columns that the action moves: the latent, or what it shows in."""
        return self.observed or self.latent

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields what to expect from each action asked about."""
        runs = self._runs(state)
        asked, n = self._asked(runs), int(runs.times.sum())
        if why := _why_not(runs):
            yield from _nothing(asked, n, why)
            return
        if self.observed:
            # Listing plugins must not wait for torch.
            from affectflow_transforms.measures.intervention.autoencoder import learned

            width = len(self.latent)
            latent = learned(runs.action, runs.latent, runs.times, width)
            runs = runs._replace(latent=latent)
        stage = first_stage(runs)
        if leaves_nothing(runs, stage):
            yield from _nothing(asked, n, "nothing but the action moves a latent")
            return
        strength = strength_of(runs, stage)
        yield Value("latent", ",".join(self.latent), "strength", strength, n=n)
        if strength < WEAK:
            why = f"the action hardly moves the latent: strength {strength:.2g}"
            yield from _nothing(asked, n, why)
            return
        curve = control_function(runs, stage.rest)
        for name, at in asked.items():
            yield from _expected(runs, stage, curve, name, at)

    def _runs(self, state: pa.Table) -> Runs:
        def columns(prefix: str, count: int) -> Floats:
            names = [f"{prefix}_{n}" for n in range(count)]
            return np.column_stack([np.asarray(state[name]) for name in names])

        return Runs(
            columns("action", len(self.action)),
            columns("moved", len(self.moved)),
            np.asarray(state["outcome"]),
            np.asarray(state["n"], np.float64),
        )

    def _asked(self, runs: Runs) -> dict[str, Floats]:
        """Returns the actions asked about, by name."""
        if not self.at:
            name, action = ",".join(self.action), runs.action
            return {f"{name}=lowest": action.min(0), f"{name}=highest": action.max(0)}
        points = np.reshape(self.at, (-1, len(self.action)))
        return {
            ",".join(
                f"{name}={each:g}" for name, each in zip(self.action, at, strict=True)
            ): at
            for at in points
        }


def _why_not(runs: Runs) -> str:
    """Returns why nothing can be fitted; empty if something can."""
    n, (actions, latents) = (
        runs.times.sum(),
        (runs.action.shape[1], runs.latent.shape[1]),
    )
    if n < ROWS_A_TERM * (1 + 2 * latents):
        return f"{n:.0f} rows are too few for {1 + 2 * latents} terms"
    if np.ptp(runs.outcome) == 0:
        return "the outcome is the same everywhere"
    if np.linalg.matrix_rank(runs.action - runs.action[0]) < actions:
        return "an action is the same everywhere, or always goes with another"
    return ""


def _nothing(asked: Iterable[str], n: int, why: str) -> Iterator[Value]:
    for name in asked:
        yield Value("action", name, "expected", math.nan, n=n, why=why)


def _expected(
    runs: Runs, stage: Stage, curve: Curve, name: str, at: Floats
) -> Iterator[Value]:
    latent, n = stage.moved(at), int(runs.times.sum())
    mean = np.average(curve.expected(latent, stage.rest), weights=runs.times)
    yield Value("action", name, "expected", float(mean), n=n)
    low, high = runs.action.min(axis=0), runs.action.max(axis=0)
    beyond = np.maximum(np.maximum(at - high, low - at), 0)
    yield Value("action", name, "outside_support", float(np.linalg.norm(beyond)), n=n)
    low, high = runs.latent.min(axis=0), runs.latent.max(axis=0)
    is_beyond = ((latent < low) | (latent > high)).any(axis=1)
    share = np.average(is_beyond, weights=runs.times)
    yield Value("action", name, "latent_outside", float(share), n=n)
