"""What a gold set says, as rows of plain values: for scripts."""

from collections.abc import Mapping
from typing import Any

from affectflow.batches.bootstrap import Interval
from affectflow.gold.judging.agreement import Agreement
from affectflow.gold.judging.findings import Finding, Judgement
from affectflow.gold.judging.wording import claim
from affectflow.gold.measures import or_null

Row = dict[str, Any]


def tables_of(found: Judgement) -> Mapping[str, list[Row]]:
    """Returns the rows on raters and on annotators; unknown numbers are None."""
    return {
        "agreement": [_agreement(each, found) for each in found.agreements],
        "annotators": [_finding(each, found) for each in found.findings],
    }


def _agreement(each: Agreement, found: Judgement) -> Row:
    target = each.target
    return {
        "task": target.task,
        "label": target.name,
        "raters": each.raters,
        "shared": each.n,
        **_numbers("alpha", each.alpha),
        "ties": found.ties.get(target, 0),
    }


def _finding(each: Finding, found: Judgement) -> Row:
    shares = each.prevalence
    row = {
        "annotator_id": each.annotator_id,
        "task": each.target.task,
        "label": each.target.name,
        "n": each.n,
        "positives": each.positives,
        **_numbers("precision", each.precision),
        **_numbers("recall", each.recall),
        **_numbers("specificity", each.specificity),
    }
    shown = {"apparent_prevalence": shares.apparent, "prevalence": shares.corrected}
    for name, interval in shown.items():
        numbers = _numbers(name, interval)
        row |= numbers if each.is_validated else dict.fromkeys(numbers)
    return row | {
        "validated": each.is_validated,
        "why_no_share": each.why_no_share or None,
        "labels_wanted": each.labels_wanted,
        "fitted_on": each.fitted_on,
        "claim": claim(each, found),
    }


def _numbers(name: str, interval: Interval) -> Row:
    """Returns a figure and its interval under the names that `eval` gives them."""
    names = (name, f"{name}_low", f"{name}_high")
    return dict(zip(names, map(or_null, interval), strict=True))
