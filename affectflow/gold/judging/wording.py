"""What may be claimed from a gold set, in plain sentences."""

import math
from collections.abc import Iterator

from affectflow.batches.bootstrap import Interval
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
        why = f"the answers cover fewer than {LEAST_CONVERSATIONS} conversations"
    else:
        why = "it is the same in every draw of conversations"
    return f"alpha of {each.target.name} has no interval: {why}; label more"


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
        every = "no" if not finding.positives else "every"
        return (
            f"{name}: {_share_alone(finding)}nothing can be concluded about {who}: "
            "people "
            f"found it in {every} message of {finding.n:,}; label more, or sample with "
            "--stratify score."
        )
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
    return (
        f"{name}: about {_percent(finding.prevalence.corrected)} of the messages, "
        f"corrected for the measured error of {who}, which finds it in "
        f"{finding.prevalence.apparent.value:.1%}; rests on "
        f"{count(finding.n, 'message')}, "
        f"{_raters(finding, found)}{_not_validated(finding)}."
    )


def _share_alone(finding: Finding) -> str:
    if not finding.has_share:
        return ""
    return f"about {_percent(finding.prevalence.corrected)} of the messages, but "


def _not_validated(finding: Finding) -> str:
    if finding.is_validated:
        return ""
    if finding.prevalence.youden.value <= 0:
        why = (
            "it is no better than chance here (sensitivity + specificity is 1 or less)"
        )
    else:
        why = "these messages cannot tell it from chance; label more"
    return (
        f"; {finding.annotator_id} is not validated, so reports show no shares: {why}"
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
