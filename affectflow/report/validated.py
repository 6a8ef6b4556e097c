"""What people's labels show about the annotator, and what shares rest on."""

from affectflow.nouns import count
from affectflow.report.html import Child, Html, el, table
from affectflow.report.queries import Facts, Row
from affectflow.report.words import listed, percent


def shares(facts: Facts) -> Html | None:
    """Returns the corrected share of each validated label, in one paragraph."""
    said = [
        f"{row['label']} in about {_spelt(row['prevalence'])} of the messages"
        for row in facts.answers["validations"]
        if _is_known(row["prevalence"])
    ]
    if not said:
        return None
    return el("p", f"Corrected for the measured error: {listed(said)}.")


def accuracy(facts: Facts) -> Html:
    """Returns how accurate the annotator is here, label by label."""
    rows = facts.answers["validations"]
    if not rows:
        return el("p", "Not validated against people's labels here.")
    heads = [
        "Validated label",
        "Precision (95 %)",
        "Recall (95 %)",
        "Share as labelled",
        "Share corrected",
        "Messages",
        "Raters",
        "On",
    ]
    return table(heads, [_accuracy(row) for row in rows], {5})


def _accuracy(row: Row) -> list[Child]:
    raters = f"{row['raters']:.0f}" if row["raters"] else "not recorded"
    agreed = f", alpha {row['alpha']:.2f}" if row["alpha"] is not None else ""
    return [
        row["label"],
        _figures(row["precision"]),
        _figures(row["recall"]),
        _spelt(row["apparent"]) if _is_known(row["apparent"]) else "not recorded",
        _spelt(row["prevalence"]) if _is_known(row["prevalence"]) else "not recorded",
        f"{row['n'] or 0:,}",
        raters + agreed,
        row["fitted_on"],
    ]


def basis_of_shares(facts: Facts) -> Html | None:
    """Returns how the shares on the page were computed, for its methods."""
    rows = facts.answers["validations"]
    if not rows:
        return None
    most = max(row["n"] or 0 for row in rows)
    return el(
        "p",
        f"Shares rest on people's answers to {count(most, 'message')}, drawn at "
        "random from the conversations, each weighted by 1 / its inclusion probability "
        f"({_people(rows)}). The share of a label is corrected for the annotator's "
        "measured error: what people found in the messages to which it gives the "
        "label, and in the others, weighted by the size of either group "
        "(post-stratified, Tenenbein 1970); its interval is the bootstrap over "
        "conversations, of the labelled messages and of all. Shares of themes are as "
        "labelled, with Wilson's interval. Unanswered and undecided messages are left "
        "out, as if they were like the others.",
    )


def _people(rows: list[Row]) -> str:
    raters = [int(row["raters"]) for row in rows if row["raters"]]
    if not raters:
        return "the number of raters is not recorded"
    if min(raters) == 1:
        return "by one rater: whether people agree is unknown"
    alphas = [row["alpha"] for row in rows if row["alpha"] is not None]
    agreed = f", Krippendorff's alpha from {min(alphas):.2f}" if alphas else ""
    return f"by at least {min(raters)} raters{agreed}"


def _is_known(interval: Row | None) -> bool:
    return interval is not None and interval["value"] is not None


def _spelt(interval: Row) -> str:
    value = percent(interval["value"])
    if interval["low"] is None or interval["high"] is None:
        return value
    return f"{value} ({percent(interval['low'])} to {percent(interval['high'])})"


def _figures(interval: Row | None) -> Child:
    if interval is None or None in interval.values():
        return "not recorded"
    return f"{interval['value']:.2f} ({interval['low']:.2f} to {interval['high']:.2f})"
