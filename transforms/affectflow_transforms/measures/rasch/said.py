"""The results of a fit, as values of a measure."""

from collections.abc import Iterable, Iterator

import numpy as np

from affectflow.kinds.measure import Value
from affectflow_transforms.measures.rasch.fit import UNDETERMINED, Fit, MeanSquares
from affectflow_transforms.measures.rasch.functioning import Facet, Shift
from affectflow_transforms.measures.rasch.held_out import Foretold
from affectflow_transforms.measures.rasch.ratings import Floats, Ints

WHOLE = "(all)"
NAN = float("nan")
LABELS: dict[Facet, str] = {"rater": "severity", "item": "difficulty"}
FACETS = tuple(LABELS)
_ALIKE = "persons differ no more than by chance"
_UNKNOWN_ERROR = "standard errors are unknown"
_BOUND = 1.959963984540054


def nothing(why: str) -> Value:
    """Returns an undefined value, if there is no fit."""
    return Value("model", WHOLE, "fit", NAN, why=why)


def _figure(
    place: tuple[str, str, str],
    value: float,
    low: float = NAN,
    high: float = NAN,
    *,
    n: int,
    why: str,
) -> Value:
    """Returns a value; `why` only if it is not defined."""
    return Value(*place, value, low, high, n, why if np.isnan(value) else "")


def of_facet(
    fit: Fit,
    facet: Facet,
    squares: MeanSquares | None,
    extreme: dict[tuple[str, str], str],
    *,
    errors: bool,
) -> Iterator[Value]:
    """Yields place, infit and outfit of each rater, or item.

    Args:
      fit: the fit.
      facet: `rater` or `item`.
      squares: residuals of its ratings; None if there are none.
      extreme: why some have no estimate, by facet and name.
      errors: whether intervals come from the standard errors.
    """
    label, names = LABELS[facet], getattr(fit.ratings, f"{facet}s").to_pylist()
    places, own_errors = _estimates(fit, facet)
    codes = getattr(fit.ratings, facet)
    n = np.bincount(codes, minlength=len(names)).tolist()
    mean_squares = _fit_statistics(fit, squares, codes) if squares else {}
    alone = f"one {facet}: none to compare with" if len(names) == 1 else ""
    for at, name in enumerate(names):
        error = float(own_errors[at])
        yield _place(
            fit,
            (facet, name, label),
            float(places[at]),
            error if errors else NAN,
            n=n[at],
            undefined=alone,
        )
        for figure, values in mean_squares.items():
            yield Value(facet, name, figure, float(values[at]), n=n[at])
    for (kind, name), reason in sorted(extreme.items()):
        if kind == facet:
            yield Value(facet, name, label, NAN, why=reason)


def _place(
    fit: Fit,
    place: tuple[str, str, str],
    value: float,
    error: float,
    *,
    n: int,
    why: str = "",
    undefined: str = "",
) -> Value:
    """Returns a place with its interval, if the ratings determine it.

    Args:
      fit: the fit that has it.
      place: unit type, unit and label.
      value: in logits.
      error: its standard error; NaN for no interval.
      n: number of ratings that it rests on.
      why: a remark beside the value.
      undefined: why it has no value; '' if it may have one.
    """
    if not undefined and not fit.is_determined(value, error):
        undefined = UNDETERMINED
    if undefined:
        return Value(*place, NAN, n=n, why=undefined)
    wide = _BOUND * error
    return Value(*place, value, value - wide, value + wide, n, why)


def _estimates(fit: Fit, facet: Facet) -> tuple[Floats, Floats]:
    n = fit.design.n_items
    if facet == "item":
        return fit.items, fit.errors[:n]
    return fit.raters, fit.errors[n : n + fit.design.n_raters]


def _fit_statistics(fit: Fit, squares: MeanSquares, codes: Ints) -> dict[str, Floats]:
    """Returns infit and outfit of each rater, or item."""
    weight = fit.ratings.weight[fit.ratings.person]
    sums = [np.bincount(codes, weight * each) for each in squares]
    return {
        "infit": sums[0] / sums[1],
        "outfit": sums[2] / np.bincount(codes, weight),
    }


def of_thresholds(fit: Fit, *, errors: bool) -> Iterator[Value]:
    """Yields the places at which a rating becomes likelier than the one below it.

    A rating that nobody gave has no threshold on either side. A single threshold is 0
    by definition, without an interval.
    """
    ratings = fit.ratings
    n = np.bincount(ratings.category)
    alone = len(fit.thresholds) == 1
    for place, (below, above) in enumerate(_steps(ratings.categories)):
        value = float(fit.thresholds[place])
        error = fit.threshold_error(place) if errors and not alone else NAN
        if above - below == 1:
            both = int(n[place] + n[place + 1])
            why = _disorder(fit.thresholds, place, ratings.categories)
            yield _place(
                fit,
                ("threshold", str(above), "tau"),
                value,
                error,
                n=both,
                why=why,
            )
        for rating in range(below + 1, above + 1) if above - below > 1 else ():
            why = f"nobody gave {_range(below + 1, above - 1)}"
            yield Value("threshold", str(rating), "tau", NAN, why=why)
    if not alone and not fit.no_persons:
        gaps = np.diff(fit.thresholds)
        yield Value("facet", "thresholds", "disordered", float((gaps < 0).sum()))


def _steps(categories: Ints) -> Iterable[tuple[int, int]]:
    return zip(categories[:-1].tolist(), categories[1:].tolist(), strict=True)


def _disorder(thresholds: Floats, place: int, categories: Ints) -> str:
    if place == 0 or thresholds[place] >= thresholds[place - 1]:
        return ""
    return f"disordered: {categories[place]} is nowhere the likeliest rating"


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def of_persons(fit: Fit) -> Iterator[Value]:
    """Yields the expected place of each person, for any rater."""
    if why := fit.no_persons or ("" if fit.deviation else _ALIKE):
        yield Value("person", WHOLE, "measure", NAN, why=why)
        return
    places, errors = fit.point.persons()
    n = np.bincount(fit.ratings.person).tolist()
    columns = (fit.ratings.persons.to_pylist(), places.tolist(), errors.tolist(), n)
    for name, value, error, rated in zip(*columns, strict=True):
        bounds = value - _BOUND * error, value + _BOUND * error
        yield Value("person", name, "measure", value, *bounds, rated)


def of_spread(fit: Fit) -> Iterator[Value]:
    """Yields how well persons, raters and items are separated."""
    yield from _spread_of_persons(fit)
    for facet in FACETS:
        values, own_errors = _estimates(fit, facet)
        if len(values) > 1:
            error, seen = float(np.mean(own_errors**2)), float(np.var(values, ddof=1))
            yield Value("facet", f"{facet}s", "sd", seen**0.5, n=len(values))
            true = max(0.0, seen - error)
            yield from _reliability(f"{facet}s", true, error, len(values))


def _spread_of_persons(fit: Fit) -> Iterator[Value]:
    if fit.no_persons:
        yield Value("facet", "persons", "sd", NAN, why=fit.no_persons)
        return
    places, errors = fit.point.persons()
    weight, n = fit.ratings.weight, len(places)
    yield Value("facet", "persons", "mean", fit.point.parts.mean, n=n)
    yield Value("facet", "persons", "sd", fit.deviation, n=n)
    if fit.deviation:
        mean = np.average(places, weights=weight)
        true = float(np.average((places - mean) ** 2, weights=weight))
        error = float(np.average(errors**2, weights=weight))
        yield from _reliability("persons", true, error, n)


def _reliability(facet: str, true: float, error: float, n: int) -> Iterator[Value]:
    """Yields the share of variance that is not error, and the ratio of deviations.

    Wright and Masters, *Rating Scale Analysis*, 1982, chapter 5.
    """
    share = true / (true + error) if error else NAN
    ratio = (true / error) ** 0.5 if error else NAN
    for label, value in (("reliability", share), ("separation", ratio)):
        yield _figure(("facet", facet, label), value, n=n, why=_UNKNOWN_ERROR)


def of_shifts(facet: Facet, shifts: Iterable[Shift]) -> Iterator[Value]:
    """Yields differential functioning: a shift and its p for each group."""
    for each in shifts:
        member, label = each.member, f"shift in {each.group}"
        bounds = each.low, each.high
        yield _figure(
            (facet, member, label), each.value, *bounds, n=each.n, why=each.why
        )
        yield _figure((facet, member, f"p of {label}"), each.p, n=each.n, why=each.why)


def of_held_out(foretold: Foretold, beside: str = "") -> Iterator[Value]:
    """Yields how well ratings were predicted.

    Args:
      foretold: how well ratings were predicted.
      beside: how the model differed from the fitted one.
    """
    why = "a part has only one distinct rating"
    figures = {"log-likelihood": foretold.log_likelihood, "rmse": foretold.rmse}
    for name, value in figures.items():
        label = f"held-out {name}{beside}"
        yield _figure(("model", WHOLE, label), value, n=foretold.n, why=why)
