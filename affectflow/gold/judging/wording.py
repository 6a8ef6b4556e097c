"""What may be claimed from a gold set, in plain sentences."""

import math
from collections.abc import Iterator

from affectflow.batches.bootstrap import Interval
from affectflow.gold.asking.sampling import enough_after
from affectflow.gold.figures.agreement import LEAST_CONVERSATIONS
from affectflow.gold.judging.agreement import Agreement
from affectflow.gold.judging.findings import Finding, Judgement
from affectflow.gold.truth.outdated import say_changed
from affectflow.nouns import count

# Krippendorff 2004, Reliability in content analysis: below 0.667 no conclusion.
LEAST_ALPHA = 0.667


def in_words(found: Judgement) -> Iterator[str]:
    """Yields warnings: what raters leave open, and samples the lake has outgrown."""
    yield from _outdated(found)
    alone = [each.target.name for each in found.agreements if each.raters == 1]
    if alone:
        yield (
            f"warning: one rater for {', '.join(alone)}, so agreement is unknown; "
            "have a second person fill in the same sheet"
        )
    shared = [each for each in found.agreements if each.raters > 1]
    for each in shared:
        if not each.n:
            yield (
                f"warning: the raters of {each.target.name} have no message in common; "
                "give them the same sheet"
            )
        elif each.alpha.value < LEAST_ALPHA:
            yield (
                f"warning: raters agree little on {each.target.name} (alpha "
                f"{each.alpha.value:.2f}, results need at least {LEAST_ALPHA}): agree "
                "on the definition, then label again"
            )
        if each.n and math.isnan(each.alpha.low):
            yield f"warning: {_no_interval(each)}"
    if not found.findings and not all(a.target.is_scale for a in found.agreements):
        yield (
            "warning: no annotator in this lake gives these labels: first "
            "run `affectflow annotate`"
        )


def _no_interval(each: Agreement) -> str:
    if math.isnan(each.alpha.value):
        why = "all answers are the same, so raters could not have disagreed"
    elif each.conversations < LEAST_CONVERSATIONS:
        more = LEAST_CONVERSATIONS - each.conversations
        why = (
            f"two raters answered in {count(each.conversations, 'conversation')}, and "
            f"it needs {LEAST_CONVERSATIONS}: label messages of {more} more"
        )
    else:
        why = "it is the same in every draw of conversations"
    return f"alpha of {each.target.name} has no interval: {why}"


def _outdated(found: Judgement) -> Iterator[str]:
    yield from (f"warning: {line}" for line in say_changed(found.changed))
    for share in dict.fromkeys(found.grown.values()):
        samples = " and ".join(s for s, of in found.grown.items() if of == share)
        yield (
            f"warning: about {share:.0%} of the messages that can be drawn now are new "
            f"or changed since sample {samples} was drawn, so it gives no share of "
            "this lake: `affectflow sample --top-up` adds new messages to it; or draw "
            "another sample"
        )


def claim(finding: Finding, found: Judgement) -> str:
    """Returns the one sentence that says what may be claimed of a label."""
    name, who = finding.target.name, finding.annotator_id
    if not finding.positives or finding.positives == finding.n:
        return f"{name}: {_one_sided(finding)}"
    if not finding.sampled:
        return (
            f"{name}: precision and recall of {who} hold for "
            f"{count(finding.n, 'message')} only: not a random sample of this lake, "
            "so no share can be given."
        )
    if not finding.current:
        return (
            f"{name}: precision and recall of {who} hold for the lake as it was at "
            "the draw; it has grown since, so no share can be given: "
            "`affectflow sample --top-up` adds new messages, or draw another sample."
        )
    rests_on = f"{count(finding.n, 'message')}, {_raters(finding, found)}"
    if not finding.is_validated:
        return (
            f"{name}: no share can be given, because {who} is not validated: "
            f"{_not_validated(finding)}; rests on {rests_on}."
        )
    return (
        f"{name}: about {_percent(finding.prevalence.corrected)} of the messages, "
        f"corrected for the measured error of {who}, which finds it in "
        f"{finding.prevalence.apparent.value:.1%}; rests on {rests_on}."
    )


def _one_sided(finding: Finding) -> str:
    """Returns what to do where people gave one answer only."""
    every = "every" if finding.positives else "no"
    n = enough_after(finding.n)
    return (
        f"nothing can be concluded about {finding.annotator_id}: people found it in "
        f"{every} message of {finding.n:,}. Label {n - finding.n:,} more "
        f"(`affectflow sample --n {n}`), or draw a sample with --stratify score."
    )


def _not_validated(finding: Finding) -> str:
    if (wanted := finding.labels_wanted) is None:
        return (
            "on these labels it does no better than chance (sensitivity + specificity "
            "is 1 or less)"
        )
    return (
        f"these labels cannot tell it from chance; about {wanted - finding.n:,} more "
        f"might (`affectflow sample --n {wanted}` with the same options draws the same "
        "messages and more)"
    )


def _raters(finding: Finding, found: Judgement) -> str:
    own = [a for a in found.agreements if a.target.task == finding.target.task]
    exact = [a for a in own if a.target == finding.target] or own
    return _agreed(min(exact, key=lambda a: (a.raters, a.alpha.value)))


def _agreed(agreement: Agreement) -> str:
    if agreement.raters == 1:
        return "one rater, agreement unknown"
    if agreement.alpha.value != agreement.alpha.value:
        return f"{agreement.raters} raters, agreement unknown"
    return f"{agreement.raters} raters, alpha {agreement.alpha.value:.2f}"


def _percent(interval: Interval) -> str:
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
