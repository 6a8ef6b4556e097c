"""The loop: batches, epochs, the best one kept, and what a second run goes on from."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from affectflow.errors import StorageError, UsageError
from affectflow.kinds.trainer import Tell
from affectflow_transforms.finetune.splits import Rows

CHECKPOINT = "epoch.pt"
SORTED_TOGETHER = 50
"""So many batches are sorted by length together: the rest stays random."""
_LONGEST_STEP = 1.0
"""The norm that gradients are cut to."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a training goes.

    Args:
      epochs: at most.
      patience: epochs without a better figure before it stops.
      batch: rows of a step.
      warmup: share of the steps in which rates rise; then they fall to 0.
      seed: of the order of rows, and of what is dropped out.
      sam_rho: radius of sharpness-aware steps; 0 for plain ones.
      together: batches that are sorted by length together.
    """

    epochs: int
    patience: int
    batch: int
    warmup: float
    seed: int
    sam_rho: float = 0.0
    together: int = SORTED_TOGETHER


@dataclass(kw_only=True)
class Course:
    """What a training did so far.

    Args:
      figures: after each epoch, on the rows for choosing; more is better.
      losses: of each epoch, the mean over batches.
      best: the epoch whose weights are kept, from 0; -1 for none.
      diverged: loss, weights or figure were not numbers in the epoch after these.
    """

    figures: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    best: int = -1
    diverged: bool = False

    def is_over(self, pace: Pace) -> bool:
        """Returns whether no epoch follows."""
        done = len(self.figures)
        waited = done - 1 - self.best if self.best >= 0 else 0
        return self.diverged or done >= pace.epochs or waited >= pace.patience


def fit(
    module: Any,
    groups: Sequence[dict[str, Any]],
    lengths: Rows,
    rows: Rows,
    loss_of: Callable[[Rows], Any],
    judge: Callable[[], float],
    pace: Pace,
    work: Path,
    mark: str,
    tell: Tell,
) -> Course:
    """Trains a module, and leaves it with the weights of the best epoch.

    Args:
      module: of torch.
      groups: its weights that are trained, with `peak`, their highest rate.
      lengths: tokens of every row that there is.
      rows: those that are trained on.
      loss_of: of some rows.
      judge: the figure of the module on the rows for choosing.
      pace: how it goes.
      work: the folder of the checkpoint.
      mark: of data and options; a checkpoint of another is not gone on from.
      tell: is handed a line after each epoch.

    Raises:
      UsageError: the loss is not a number in the first epoch.
      StorageError: the checkpoint cannot be written.
    """
    import torch

    optimizer = torch.optim.AdamW(groups)
    best, course = _resumed(module, optimizer, work / CHECKPOINT, mark, tell)
    while not course.is_over(pace):
        epoch, began = len(course.figures), time.monotonic()
        mean = _epoch(module, optimizer, lengths, rows, loss_of, pace, epoch)
        # The last step of an epoch may spoil weights that its loss does not show.
        sound = math.isfinite(mean) and _is_finite(module)
        figure = judge() if sound else math.nan
        if not math.isfinite(figure):
            course.diverged = True
            _check_any(course, epoch, tell)
            break
        course.losses.append(mean)
        course.figures.append(figure)
        # Of equally good epochs the last one: it is surer of what it says.
        if course.best < 0 or course.figures[-1] >= course.figures[course.best]:
            course.best, best = epoch, _copied(module)
        tell(
            f"epoch {epoch + 1} of at most {pace.epochs}: loss {mean:.4f}, figure "
            f"{course.figures[-1]:.4f}, {time.monotonic() - began:.0f} s"
        )
        _keep(module, optimizer, best, course, work / CHECKPOINT, mark)
    module.load_state_dict(best, strict=False)
    return course


def _check_any(course: Course, epoch: int, tell: Tell) -> None:
    if course.best < 0:
        raise UsageError(
            "the loss is not a number in the first epoch, so there is no model: lower "
            "the rate of learning, or look for rows whose numbers are far off"
        )
    tell(
        f"the loss is not a number in epoch {epoch + 1}: stopped there, and kept epoch "
        f"{course.best + 1}; a lower rate of learning may go further"
    )


def _epoch(
    module: Any,
    optimizer: Any,
    lengths: Rows,
    rows: Rows,
    loss_of: Callable[[Rows], Any],
    pace: Pace,
    epoch: int,
) -> float:
    """Trains one epoch; returns its mean loss, not a number as soon as one is not."""
    import torch

    # An epoch that is begun again drops out the same as one that goes on.
    torch.manual_seed(pace.seed * 1_000_003 + epoch)
    order = batches(lengths, rows, pace.batch, pace.seed, epoch, pace.together)
    losses = []
    for place, batch in enumerate(order):
        done = (epoch + place / len(order)) / pace.epochs
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * _rate(done, pace.warmup)
        losses.append(step(module, optimizer, lambda: loss_of(batch), pace.sam_rho))  # noqa: B023
        if not math.isfinite(losses[-1]):
            return math.nan
    return float(np.mean(losses))


def _is_finite(module: Any) -> bool:
    import torch

    return all(bool(torch.isfinite(each).all()) for _, each in _trained(module))


def batches(
    lengths: Rows,
    rows: Rows,
    size: int,
    seed: int,
    epoch: int,
    together: int = SORTED_TOGETHER,
) -> list[Rows]:
    """Returns the rows of each step: texts of like length together, in random order.

    The same seed and epoch give the same batches.
    """
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(rows)
    found: list[Rows] = []
    for start in range(0, len(shuffled), size * together):
        pool = shuffled[start : start + size * together]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [found[place] for place in random.permutation(len(found))]


def _rate(done: float, warmup: float) -> float:
    """Returns the share of the highest rate, after a share of all steps."""
    return done / warmup if done < warmup else (1 - done) / (1 - warmup)


def step(
    module: Any, optimizer: Any, loss_of: Callable[[], Any], sam_rho: float = 0.0
) -> float:
    """Takes one step, and returns the loss before it.

    With `sam_rho`, the gradient is that at the worst point so far away: Foret et al.
    (2021), "Sharpness-Aware Minimization", algorithm 1.
    """
    import torch

    weights = [w for group in optimizer.param_groups for w in group["params"]]
    optimizer.zero_grad()
    loss = loss_of()
    loss.backward()
    if sam_rho:
        with torch.no_grad():
            norm = torch.stack([w.grad.norm() for w in weights if w.grad is not None])
            by = sam_rho / norm.norm().clamp_min(1e-12)
            moves = [None if w.grad is None else w.grad * by for w in weights]
            _move(weights, moves, 1.0)
        optimizer.zero_grad()
        loss_of().backward()
        with torch.no_grad():
            _move(weights, moves, -1.0)
    torch.nn.utils.clip_grad_norm_(weights, _LONGEST_STEP)
    value = float(loss.detach())
    if math.isfinite(value):
        optimizer.step()
    return value


def _move(weights: Sequence[Any], moves: Sequence[Any], sign: float) -> None:
    for weight, by in zip(weights, moves, strict=True):
        if by is not None:
            weight.add_(by, alpha=sign)


# -- what a second run goes on from ----------------------------------------------------


def _copied(module: Any) -> dict[str, Any]:
    """Returns the weights that are trained, apart from the module's."""
    return {name: weight.detach().cpu().clone() for name, weight in _trained(module)}


def _trained(module: Any) -> Iterator[tuple[str, Any]]:
    """Yields what training changes: weights, each once, and the means of norms."""
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            yield name, weight
    kept = module.state_dict(keep_vars=True).keys()
    yield from ((n, each) for n, each in module.named_buffers() if n in kept)


def _keep(
    module: Any,
    optimizer: Any,
    best: Mapping[str, Any],
    course: Course,
    file: Path,
    mark: str,
) -> None:
    """Writes all that the next epoch needs, whole or not at all."""
    import torch

    partial = file.with_name(f"{file.name}.partial")
    try:
        with partial.open("wb") as opened:
            torch.save(
                {
                    "mark": mark,
                    "weights": _copied(module),
                    "optimizer": optimizer.state_dict(),
                    "best": dict(best),
                    "course": vars(course),
                },
                opened,
            )
        partial.replace(file)
    except (OSError, RuntimeError) as error:  # torch hides that a disk is full
        why = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise StorageError(
            f"cannot write {str(partial)!r} ({why}): make room, or name another --out; "
            "the same command goes on from the last epoch"
        ) from error


def _resumed(
    module: Any, optimizer: Any, file: Path, mark: str, tell: Tell
) -> tuple[dict[str, Any], Course]:
    """Returns the best weights and the course so far; the rest is set as it was."""
    import torch

    if not file.is_file():
        return {}, Course()
    try:
        kept = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever is wrong with it, it is not needed
        tell(f"{file.name} cannot be read ({type(error).__name__}): begins again")
        return {}, Course()
    if kept["mark"] != mark:
        tell(f"{file.name} is of other data or options: begins again")
        return {}, Course()
    module.load_state_dict(kept["weights"], strict=False)
    optimizer.load_state_dict(kept["optimizer"])
    course = Course(**kept["course"])
    tell(f"goes on after epoch {len(course.figures)}")
    return kept["best"], course
