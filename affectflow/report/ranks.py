"""The rank of each container: one order for the page, its CSV and its headline."""

from affectflow.report.queries import Facts


def ranks_of(facts: Facts) -> dict[str | None, int | None]:
    """Returns the rank of each container that is large enough to show, by rank.

    Before gold, rank 1 has the most flagged for its size. After it, the highest
    corrected share; containers with too few answers by people then have no rank.
    """
    counts = facts.counts.containers
    shown = [c for c in facts.counts.ranked if facts.asked.shows(*counts[c].size)]
    if not has_shares(facts):
        return {container: rank for rank, container in enumerate(shown, start=1)}
    shares = facts.shares.containers if facts.shares else {}
    known = [c for c in shown if c in shares]
    known.sort(key=lambda c: -shares[c].value)
    ranks: dict[str | None, int | None] = dict.fromkeys([*known, *shown])
    return ranks | {container: rank for rank, container in enumerate(known, start=1)}


def has_shares(facts: Facts) -> bool:
    """Returns whether several containers have corrected shares to rank by."""
    return facts.shares is not None and len(facts.shares.containers) > 1
