"""The label sheet as CSV: what raters read, and where they answer."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from affectflow.gold.asking.samples import Sample
from affectflow.gold.targets.labels import define
from affectflow.lake import Lake, open_lake

FIXED = ("sample_id", "utterance_id", "rater", "context", "text")
TURNS = 2
CONTEXT_CHARACTERS = 600
YES, NO, UNSURE = "yes", "no", "unsure"

# A spreadsheet would run a cell that starts like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# Keys first; texts only for the few that are shown.
_NEIGHBOURS = """
CREATE TEMP TABLE neighbours AS
WITH turns AS (
  SELECT conversation_id, utterance_id, speaker_id,
    row_number() OVER (
      PARTITION BY conversation_id
      ORDER BY timestamp NULLS LAST, start_s NULLS LAST,
        length(utterance_id), utterance_id
    ) AS turn
  FROM placed_utterances
  WHERE conversation_id IN (
    SELECT u.conversation_id
    FROM placed_utterances AS u JOIN wanted USING (utterance_id)
  )
), asked AS (
  SELECT w.place, t.conversation_id, t.turn, t.speaker_id
  FROM wanted AS w JOIN turns AS t USING (utterance_id)
)
SELECT a.place, t.turn - a.turn AS step, t.utterance_id,
  a.speaker_id IS NOT NULL AND t.speaker_id = a.speaker_id AS same
FROM asked AS a JOIN turns AS t
  ON t.conversation_id = a.conversation_id
  AND t.turn BETWEEN a.turn - $turns AND a.turn"""
_TEXTS = """
SELECT n.place, n.step, n.utterance_id, n.same, u.text
FROM neighbours AS n
JOIN (
  SELECT utterance_id, text FROM utterances
  WHERE utterance_id IN (SELECT utterance_id FROM neighbours)
) AS u USING (utterance_id)
ORDER BY n.place, n.step"""


class Line(NamedTuple):
    """One line of a sheet: an utterance, and what was said before it."""

    utterance_id: str
    context: str
    text: str


class Sheet(NamedTuple):
    """A sample as raters see it."""

    sample: Sample
    lines: list[Line]

    @property
    def columns(self) -> list[str]:
        """The headings of the columns to fill in, one for each label."""
        return headings(self.sample)

    @property
    def definitions(self) -> list[str]:
        """What each label means."""
        return [define(t.vocabulary, t.label) for t in self.sample.targets]


def headings(sample: Sample) -> list[str]:
    """Returns how a sheet spells the labels: plain if that is unambiguous."""
    labels = [target.label for target in sample.targets]
    return [
        t.label if labels.count(t.label) == 1 else f"{t.vocabulary}:{t.label}"
        for t in sample.targets
    ]


def sheet_of(lake: Lake, sample: Sample, utterance_ids: Sequence[str]) -> Sheet:
    """Returns the sheet of a sample, its lines in the order given."""
    with open_lake(lake.uri) as connection:
        return Sheet(sample, _lines(connection, utterance_ids))


def _lines(
    connection: duckdb.DuckDBPyConnection, utterance_ids: Sequence[str]
) -> list[Line]:
    wanted = {"utterance_id": utterance_ids, "place": range(len(utterance_ids))}
    connection.register("wanted", pa.table({k: list(v) for k, v in wanted.items()}))
    connection.execute(_NEIGHBOURS, {"turns": TURNS})
    lines: list[Line] = []
    before: list[str] = []
    for _, step, utterance_id, same, text in connection.execute(_TEXTS).fetchall():
        if step:
            before.append(_turn(text or "", same=same))
            continue
        lines.append(Line(utterance_id, "\n\n".join(before), text or ""))
        before = []
    return lines


def _turn(text: str, *, same: bool) -> str:
    # No pseudonym: raters need to know whether the same person speaks, not who it is.
    who = "the same author" if same else "another author"
    cut = text[:CONTEXT_CHARACTERS].rstrip()
    return f"[{who}] {cut}{' …' if len(text) > CONTEXT_CHARACTERS else ''}"


# -- CSV -----------------------------------------------------------------------------


def as_csv(sheet: Sheet) -> bytes:
    """Returns a sheet as CSV in UTF-8, with the byte order mark that Excel needs."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*FIXED, *sheet.columns])
    blank = [""] * len(sheet.columns)
    for line in sheet.lines:
        known = [sheet.sample.sample_id, line.utterance_id, "", line.context, line.text]
        writer.writerow([*map(defused, known), *blank])
    return buffer.getvalue().encode("utf-8-sig")


def defused(cell: str) -> str:
    """Returns a cell that no spreadsheet runs as a formula.

    >>> defused("=1+1"), defused("fine")
    ("'=1+1", 'fine')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def restored(cell: str) -> str:
    """Undoes `defused`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
