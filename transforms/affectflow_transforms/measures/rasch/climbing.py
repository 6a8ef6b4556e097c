"""Maxima of likelihoods: Newton's steps by conjugate gradients, damped where needed.

The matrix of second derivatives is never built: only its products with directions are
(Nocedal and Wright, *Numerical Optimization*, 2006, chapter 7).
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from affectflow_transforms.measures.rasch.ratings import Floats

STEPS = 100
EXACT = 1e-9
"""The likelihood can grow by no more than about half of this: a maximum."""
_LEAP = 2.0
"""No parameter changes by more at once, in logits."""
_FAR = 50.0
"""A parameter beyond this has no maximum."""
_FEW = 400
"""Up to this many parameters, variances are exact; beyond, they are estimated."""
_PROBES = 12


class Point(Protocol):
    """A log-likelihood near some parameters."""

    value: float
    gradient: Floats
    scale: Floats
    """Roughly the information on each parameter; above 0."""

    def product(self, direction: Floats) -> Floats:
        """Returns the information matrix times a direction."""


PointT = TypeVar("PointT", bound=Point)


class Top(NamedTuple, Generic[PointT]):
    """The end of a climb.

    Attributes:
      at: the parameters.
      point: the likelihood there.
      reached: whether it is a maximum.
    """

    at: Floats
    point: PointT
    reached: bool


Project = Callable[[Floats], Floats]


def climb(
    at: Callable[[Floats], PointT],
    start: Floats,
    project: Project,
    *,
    damping: float = 0.1,
    close: float = EXACT,
) -> Top[PointT]:
    """Returns the maximum of a likelihood.

    Args:
      at: the likelihood at some parameters.
      start: where to begin.
      project: removes the undetermined part of a direction.
      damping: of the first step.
      close: the tolerance at the maximum: twice the gain that is still possible.
    """
    here, point = start, at(start)
    for _ in range(STEPS):
        rise = project(point.gradient)
        size = float(np.sqrt(np.sum(rise**2 / point.scale)))
        step = solved(point, rise, project, damping, min(0.1, size))
        # Without a maximum a parameter goes far, but must stay computable.
        step *= min(1.0, _LEAP / max(_LEAP, float(np.abs(step).max())))
        gain, there = float(step @ rise), at(here + step)
        least = 1e-3 * gain - 1e-12 * abs(point.value)
        if gain >= 0 and there.value - point.value >= least:
            here, point = here + step, there
            if np.abs(here).max() > _FAR:
                break
            if gain < close and damping < 1e-2:
                return Top(here, point, True)
            damping = damping / 10 if damping > 1e-2 else 0.0
        elif damping > 1e8:
            break
        else:
            damping = max(damping, 1e-3) * 10
    return Top(here, point, False)


def solved(
    point: Point,
    target: Floats,
    project: Project,
    damping: float = 0.0,
    tolerance: float = 1e-8,
) -> Floats:
    """Returns the direction that the information matrix turns into `target`."""
    scale = point.scale * (1 + damping)
    mean = float(point.scale.mean())

    def product(direction: Floats) -> Floats:
        within = project(direction)
        turned = project(point.product(within)) + mean * (direction - within)
        return turned + damping * project(point.scale * within)

    shape = (len(target), len(target))
    # Parameters without information stay unknown.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found, _ = cg(
            LinearOperator(shape, matvec=product, dtype=np.float64),
            target,
            rtol=max(tolerance, 1e-10),
            maxiter=200,
            M=LinearOperator(shape, matvec=lambda v: v / scale, dtype=np.float64),
        )
    return np.nan_to_num(project(found), posinf=0.0, neginf=0.0)


def covariance(point: Point, project: Project) -> Floats:
    """Returns the inverse of the information matrix, where it is determined."""
    size = len(point.scale)
    rows = [project(row) for row in np.eye(size)]
    information = np.array([project(point.product(row)) for row in rows])
    return np.linalg.pinv((information + information.T) / 2, hermitian=True)


def variance_of(point: Point, project: Project, direction: Floats) -> float:
    """Returns the variance of a sum of parameters, weighted by `direction`."""
    found = solved(point, project(direction), project, tolerance=1e-4)
    return max(0.0, float(direction @ found))


def variances(point: Point, project: Project) -> Floats:
    """Returns the variance of each parameter.

    Those of many parameters are estimated by applying the inverse to random signs
    (Bekas, Kokiopoulou and Saad 2007): unbiased, to within a few per cent.
    """
    size = len(point.scale)
    if size <= _FEW:
        return np.diag(covariance(point, project)).copy()
    random, total = np.random.default_rng(0), np.zeros(size)
    for _ in range(_PROBES):
        signs = random.choice([-1.0, 1.0], size)
        total += signs * solved(point, project(signs), project, tolerance=1e-2)
    return np.maximum(total / _PROBES, 1 / point.scale)
