"""Cells: the small table behind the page's filters, safe in every combination.

One strict partition of the messages is published. Each cell of it has at least 5 people
(10 in the context `workplace`) and 20 messages, and a filter chooses whole cells. So
anything that a reader computes from the page (a union, a difference, any linear
combination) is a sum over whole cells: nobody learns a count of fewer messages or
people than one cell has. So no cell needs a second suppression: small groups are merged
into a cell `several`, never left out one by one, and if they are too few even together,
the smallest publishable sibling joins them.

The minimum is the threshold rule, and merging instead of suppressing is table redesign
(Hundepool et al. 2012, *Statistical Disclosure Control*, ch. 4); Cox 1980 (*Suppression
methodology and statistical disclosure control*) describes what suppression alone would
need in addition, so that differences reveal nothing; the attack by overlapping queries
is the tracker of Denning, Denning and Schwartz 1979. The partition is built from the
top, one dimension after another within each cell, as Mondrian does (LeFevre, DeWitt and
Ramakrishnan 2006).

Three things are dimensions too, so that they cannot be computed by difference: which
other annotators answered (their counts differ by whole cells only), whether a message
may be published (private and deleted ones are in cells of their own, which are not
embedded; a cell that cannot be separated from them is not embedded either), and which
values are rare (kept together as `several`). The number of people in a union is not a
sum, and unions of overlapping groups would reveal overlaps: so each cell gives its
people rounded down to a multiple of the minimum, and a union gives the largest of its
cells as a lower bound.

The cells do not hide that all, or none, of their messages are flagged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from affectflow.lake.basis import Candidate
from affectflow.report.messages import gather
from affectflow.report.partition import MAX_CHOICES, Cell, Least, published

MAX_CELLS = 2_000
"""A large lake gets larger cells, not more: all of them are on the page."""
_MAX_LABELS = 12


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The table behind the filters.

    Args:
      rows: the cells; empty if all messages together are too few. The value "" means
        not stated.
      choices: annotators and tasks that gave the labels; the first is the report's.
        People are called `people`: the page names none of them.
      labels: of each choice, the most frequent first.
      period: `week`, `month`, `quarter` or `year`.
      left_out: messages of people that are in no cell: private or deleted ones, and
        those that could not be separated from them.
      min_people: the minimum for a cell.
      min_messages: the minimum for a cell.
      counted: `people`; `conversations` if no speaker of the lake is known.
    """

    rows: list[Cell[str | None]]
    choices: list[tuple[str, str]]
    labels: list[list[str]]
    period: str
    left_out: int
    min_people: int
    min_messages: int
    counted: str = "people"


def build(
    connection: duckdb.DuckDBPyConnection,
    chosen: Candidate | None,
    there: Sequence[Candidate],
    *,
    min_people: int,
    min_messages: int,
) -> Cells | None:
    """Returns the cells of what `chosen` answered; None if nothing is labelled.

    Args:
      connection: to a lake, with `placed_utterances` as a table.
      chosen: the annotator that the report rests on.
      there: all annotators that have answered; people among them are left out.
      min_people: the minimum for a cell.
      min_messages: the minimum for a cell; a large lake needs more.
    """
    if chosen is None:
        return None
    offered = _offered(chosen, there)
    messages, said, period, values = gather(connection, offered)
    least = Least(min_people, max(min_messages, -(-len(messages) // MAX_CELLS)))
    cells = list(published(messages, said, least).values())
    labels = [_by_frequency(cells, n) for n in range(len(offered))]
    return Cells(
        rows=[_spelt(cell, values, labels) for cell in cells],
        choices=[
            ("people" if each.is_person else each.annotator_id, each.task)
            for each in offered
        ],
        labels=labels,
        period=period,
        left_out=len(messages) - sum(cell.messages for cell in cells),
        min_people=least.people,
        min_messages=least.messages,
        counted=_counted(connection),
    )


def _counted(connection: duckdb.DuckDBPyConnection) -> str:
    known = "SELECT count(speaker_id) > 0 FROM placed_utterances"
    return "people" if connection.execute(known).fetchall()[0][0] else "conversations"


def _offered(chosen: Candidate, there: Sequence[Candidate]) -> list[Candidate]:
    others = [each for each in there if not each.is_person and each != chosen]
    return [chosen, *others][:MAX_CHOICES]


def _spelt(
    cell: Cell[int | None], values: list[list[str]], labels: list[list[str]]
) -> Cell[str | None]:
    """Returns a cell with its values, without labels that the page does not offer."""
    found = zip(values, cell.values, strict=True)
    return Cell(
        values=tuple(None if n is None else names[n] for names, n in found),
        choices=cell.choices,
        messages=cell.messages,
        people=cell.people,
        flagged={k: n for k, n in cell.flagged.items() if k[1] in labels[k[0]]},
    )


def _by_frequency(cells: Sequence[Cell[int | None]], choice: int) -> list[str]:
    totals: dict[str, int] = {}
    for cell in cells:
        for (number, label), n in cell.flagged.items():
            if number == choice:
                totals[label] = totals.get(label, 0) + n
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    first = [name for name in ("frustration", "irritation") if name in totals]
    return [*first, *(name for name in ranked if name not in first)][:_MAX_LABELS]
