"""Cells of the filters: whatever is combined, enough people and messages are behind it.

The proof is by brute force: all choices that the filters offer, and their differences.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import people
from affectflow.lake import views
from affectflow.lake.tombstones import digests
from affectflow.report import partition, queries
from tests.given.proving import in_proof
from tests.given.report_lakes import MODEL, FolderLake, annotation, tables, utterance

LEAST = partition.Least(people=2, messages=3)
COLUMNS = ("container", "period", "role", "kind")


@dataclass(frozen=True)
class Message:
    """A message; `answered_by` is a set of bits, the first always in it."""

    person: int | None
    container: str | None
    period: str
    role: str
    kind: str
    answered_by: int
    withheld: bool


MESSAGES = st.builds(
    Message,
    person=st.none() | st.integers(0, 5),
    container=st.sampled_from(["a", "b", "c", None]),
    period=st.sampled_from(["", "2024-01", "2024-02", "2024-03"]),
    role=st.sampled_from(["", "member"]),
    kind=st.sampled_from(["issue", "comment"]),
    answered_by=st.sampled_from([1, 1, 3]),
    withheld=st.sampled_from([False, False, False, True]),
)


def numbered(messages, name):
    """Returns the values of a column as numbers, -1 for none, and the values."""
    values = [getattr(each, name) for each in messages]
    known = sorted({value for value in values if value is not None})
    numbers = [-1 if value is None else known.index(value) for value in values]
    return np.array(numbers, np.int64), known


def parted(messages):
    """Returns the messages by cell, and the cells that are published, by number."""
    told = {name: numbered(messages, name) for name in COLUMNS}
    columns = {name: numbers for name, (numbers, _) in told.items()}
    for name in ("withheld", "answered_by"):
        columns[name] = np.array([getattr(m, name) for m in messages], np.int64)
    person, _ = numbered(messages, "person")
    rows = partition.Messages(columns=columns, person=person)
    joy = np.zeros(len(messages), np.int64)
    labels = partition.Labels(np.arange(len(messages)), joy, joy, ["joy"])
    by_cell = {}
    for n, cell in enumerate(partition.partition(rows, LEAST)[0].tolist()):
        by_cell.setdefault(cell, set()).add(n)
    known = [values for _, values in told.values()]
    found = partition.published(rows, labels, LEAST)
    return by_cell, {number: spelt(cell, known) for number, cell in found.items()}


def spelt(cell, known):
    pairs = zip(cell.values, known, strict=True)
    values = (None if number is None else names[number] for number, names in pairs)
    return replace(cell, values=tuple(values))


def selections(by_cell, shown):
    """Returns what each combination of the filters counts, as sets of messages."""
    values = [{cell.values[n] for cell in shown.values()} - {None} for n in range(4)]
    spans = [None, *product(sorted(values[1]), repeat=2)]
    others = [[None, *sorted(values[n])] for n in (0, 2, 3)]
    found = set()
    for container, role, kind, span, choice in product(*others, spans, (0, 1)):
        chosen = set()
        for number, cell in shown.items():
            where, when, who, what = cell.values
            if (
                container in (None, where)
                and role in (None, who)
                and kind in (None, what)
                and (span is None or (when and span[0] <= when <= span[1]))
                and choice in cell.choices
            ):
                chosen |= by_cell[number]
        found.add(frozenset(chosen))
    return found


def enough(numbers, messages):
    writers = {messages[n].person for n in numbers} - {None}
    few = len(numbers) < LEAST.messages or len(writers) < LEAST.people
    return not numbers or not few


@given(messages=st.lists(MESSAGES, max_size=40))
@settings(
    max_examples=in_proof(400, 6),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_no_choice_and_no_difference_of_two_shows_too_few(messages):
    by_cell, shown = parted(messages)
    found = selections(by_cell, shown)

    assert sum(len(each) for each in by_cell.values()) == len(messages)
    assert all(enough(each, messages) for each in found)
    # What a reader subtracts: two choices from one another, and one from everything.
    everything = frozenset(range(len(messages)))
    assert all(enough(one - two, messages) for one in found for two in found)
    if enough(everything, messages):
        assert all(enough(everything - each, messages) for each in found)


@given(messages=st.lists(MESSAGES, min_size=3, max_size=40))
@settings(max_examples=in_proof(200, 4), deadline=None)
def test_a_cell_says_what_its_messages_have_in_common(messages):
    by_cell, shown = parted(messages)

    for number, cell in shown.items():
        behind = [messages[n] for n in by_cell[number]]
        assert cell.messages == len(behind) == cell.flagged[0, "joy"]
        assert cell.people <= len({each.person for each in behind} - {None})
        assert not any(each.withheld for each in behind)
        for name, value in zip(COLUMNS, cell.values, strict=True):
            assert value is None or {getattr(each, name) for each in behind} == {value}
        for choice in cell.choices:
            assert all(each.answered_by >> choice & 1 for each in behind)


def test_small_groups_are_kept_together_with_the_smallest_large_one():
    """Of 3 + 4 + 1 messages, one alone would be told by what is left of all."""
    rows = [("a", 3), ("b", 4), ("c", 1)]
    messages = [
        Message(n % 2 if name != "c" else 9, name, "", "", "", 1, False)
        for name, many in rows
        for n in range(many)
    ]

    _, shown = parted(messages)

    assert [(cell.values[0], cell.messages) for cell in shown.values()] == [
        ("b", 4),
        (None, 4),
    ]


def built(folder, lake):
    connection = views.connect(FolderLake(folder, lake))
    return queries.collect(connection, None).cells


def shown(found):
    return [(cell.values, cell.messages, cell.people) for cell in found.rows]


def test_cells_count_public_messages_of_people(tmp_path):
    """30 public messages of 6 people; one private, one of a bot, one silent.

    The private one is too few to be left out alone: nobody could be told apart from it
    who is in the same cell.
    """
    found = built(tmp_path, tables())

    assert shown(found) == []
    assert found.left_out == 30


def public(rows):
    for spoken in rows["utterances"]:
        spoken["visibility"] = "public"
    return rows


def test_cells_hold_all_messages_if_all_are_public(tmp_path):
    found = built(tmp_path, public(tables()))

    assert shown(found) == [((None, None, "", ""), 30, 5)]
    assert found.rows[0].flagged == {(0, "irritation"): 30, (0, "annoyance"): 30}
    assert found.choices == [(MODEL, "emotion")]


def test_a_lake_of_the_workplace_needs_ten_people(tmp_path):
    rows = public(tables())
    rows["runs"].append({"run_id": "r", "stage": "annotate", "context": "workplace"})

    found = built(tmp_path, rows)

    assert (shown(found), found.min_people) == ([], 10)


def test_all_of_the_page_of_such_a_lake_hides_fewer_than_ten_people(tmp_path):
    rows = public(tables())
    rows["runs"].append({"run_id": "r", "stage": "annotate", "context": "workplace"})
    connection = views.connect(FolderLake(tmp_path, rows))

    asked = queries.collect(connection, None).asked

    assert (asked.shows(30, 9), asked.shows(30, 10)) == (False, True)


def test_a_report_for_the_workplace_needs_ten_people(tmp_path):
    with people.using(context="workplace"):
        assert built(tmp_path, public(tables())).rows == []


def test_messages_of_erased_people_never_count(tmp_path):
    """An erasure that was killed has tombstones, and the rows are still there."""
    rows = public(tables())
    spoken = [utterance(i, speaker_id=f"speaker-{i % 7}") for i in range(40, 80)]
    rows["utterances"] += spoken
    rows["annotations"] += [annotation(each) for each in spoken]
    before = built(tmp_path, rows)
    rows["tombstones"] = [
        {"kind": "speaker", "id": id_, "run_id": "r"}
        for id_ in digests(["speaker-6"]).to_pylist()
    ] + [
        {"kind": "utterance", "id": id_, "run_id": "r"}
        for id_ in digests(["s:0"]).to_pylist()
    ]

    after = built(tmp_path, rows)

    gone = sum(each["speaker_id"] == "speaker-6" for each in spoken) + 1
    totals = [sum(cell.messages for cell in found.rows) for found in (before, after)]
    assert totals == [70, 70 - gone]


@pytest.mark.parametrize("lacking", ["timestamp", "speaker_id", "container"])
def test_lakes_without_times_authors_or_containers_have_cells(tmp_path, lacking):
    rows = public(tables())
    for name in ("utterances", "annotations"):
        for row in rows[name]:
            row[lacking] = None

    found = built(tmp_path, rows)

    assert sum(cell.messages for cell in found.rows) == 30
    assert found.left_out == 0
