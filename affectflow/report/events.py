"""Named events, and what was flagged before and after each."""

from affectflow.nouns import count
from affectflow.report.counts import Count
from affectflow.report.effects import MIN_FLAGGED, WINDOW, Effect
from affectflow.report.html import Html, el
from affectflow.report.queries import Facts
from affectflow.report.words import contrasted, day, points, section


def events(facts: Facts) -> Html | None:
    """Returns before and after each event; None if none was named."""
    if not facts.asked.events:
        return None
    return section(
        "events",
        "Events",
        el(
            "p",
            f"The {WINDOW.days} days before and after each, beside the containers that "
            "it did not concern. It is an association: other things happened at the "
            "same time, and the event was not assigned to containers at random.",
        ),
        el("ol", [_event(effect, facts) for effect in facts.effects], class_="events"),
    )


def _event(effect: Effect, facts: Facts) -> Html:
    event = effect.event
    where = f" ({event.where})" if event.where else ""
    return el(
        "li",
        el("strong", f"{day(event.at)}: {event.what}{where}"),
        el("br"),
        " ".join(effect_said(effect, facts)),
    )


def effect_said(effect: Effect, facts: Facts) -> list[str]:
    """Returns what is known of an event, in sentences."""
    where = effect.event.where
    if where and where not in facts.counts.containers:
        return ["No message counted here is from this container."]
    if not effect.counts:
        return [f"A side has {facts.asked.small}, so nothing is shown."]
    said = [_counted("Here", effect.counts, "here")]
    if "elsewhere before" in effect.counts and "elsewhere after" in effect.counts:
        said.append(_counted("Elsewhere", effect.counts, "elsewhere"))
    else:
        said.append("There is no unaffected container to compare with.")
    return [*said, *_shares_said(effect), *_ratio_said(effect, facts)]


def _shares_said(effect: Effect) -> list[str]:
    if not effect.here:
        return []
    if not effect.elsewhere:
        return [f"Corrected share here: {points(effect.here)}."]
    here, elsewhere, contrast = contrasted(effect.here, effect.elsewhere)
    return [
        f"Corrected share here: {here}.",
        f"Elsewhere: {elsewhere}.",
        f"Difference of the two: {contrast}.",
    ]


def _counted(name: str, counts: dict[str, Count], side: str) -> str:
    before, after = counts[f"{side} before"], counts[f"{side} after"]
    return (
        f"{name} {before.flagged:,} of {count(before.messages, 'message')} flagged "
        f"before, {after.flagged:,} of {after.messages:,} after."
    )


def _ratio_said(effect: Effect, facts: Facts) -> list[str]:
    if effect.here:
        return []
    if effect.ratio is None:
        return [f"Fewer than {MIN_FLAGGED} are flagged on a side: nothing is compared."]
    value, low, high = effect.ratio
    against = ", relative to elsewhere" if len(effect.counts) > 2 else ""
    return [
        f"Flagged {value:.2f} times as often after as before{against} "
        f"({low:.2f} to {high:.2f}), uncorrected for the annotator's error."
    ]
