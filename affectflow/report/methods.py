"""methods.md: what a paper or a review must state about a lake's labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from affectflow.lake import open_lake
from affectflow.nouns import count
from affectflow.report.gaps import lines_of
from affectflow.schemas import PEOPLE

_SIZE = """
    SELECT count(*) AS messages, count(DISTINCT conversation_id) AS conversations,
      count(DISTINCT speaker_id) AS people, min(timestamp) AS first,
      max(timestamp) AS last, list_sort(list(DISTINCT source)) AS sources
    FROM utterances
"""
# People are counted, never named.
_ANNOTATORS = """
    SELECT * FROM annotators WHERE kind IS DISTINCT FROM 'person'
    ORDER BY kind, annotator_id
"""
_PEOPLE = f"SELECT count(DISTINCT annotator_id) AS n FROM {PEOPLE}"
_VALIDATED = """
    SELECT unit_id AS annotator_id, label, value, low, high, n FROM measures
    WHERE kind = 'validation' ORDER BY unit_id, label
"""
_STATUSES = f"""
    SELECT annotator_id, status, count(DISTINCT utterance_id) AS n
    FROM annotations
    WHERE annotator_id NOT IN {PEOPLE} GROUP BY ALL ORDER BY 1, 3 DESC
"""
_RUNS = """
    SELECT stage, count(*) AS runs, sum(rows_in) AS rows_in, sum(rows_out) AS rows_out,
      sum(rows_dead) AS dead, sum(rows_duplicate) AS duplicate,
      sum(rows_unchanged) AS unchanged
    FROM runs GROUP BY stage ORDER BY min(started)
"""
_CUES = """
    SELECT renderer_id, modality, count(*) AS cues,
      count(DISTINCT utterance_id) AS messages
    FROM cues GROUP BY ALL ORDER BY renderer_id, modality
"""
_TEXTUALIZED = """
    SELECT DISTINCT config ->> 'renderer_id' AS renderer_id,
      config ->> 'options' AS options, context, purpose
    FROM runs WHERE stage = 'textualize' ORDER BY ALL
"""
_BOTS = "SELECT count(*) AS n FROM utterances WHERE is_bot"
_VERSIONS = "SELECT versions FROM runs ORDER BY started DESC LIMIT 1"

_QUERIES = {
    "size": _SIZE,
    "annotators": _ANNOTATORS,
    "validated": _VALIDATED,
    "people": _PEOPLE,
    "cues": _CUES,
    "textualized": _TEXTUALIZED,
    "bots": _BOTS,
    "statuses": _STATUSES,
    "runs": _RUNS,
    "versions": _VERSIONS,
}

_STATUS_WORDS = {
    "truncated": "labelled, but only the beginning was read",
    "no_author_text": "without text of their author, not labelled",
    "unsupported_language": "in a language that it does not read, not labelled",
    "abstained": "to which it gave no answer",
    "guarded": "that a guard answered in its place",
    "withheld": "that may not be sent to it",
    "empty": "to which it said nothing",
}

Row = dict[str, Any]


def methods(lake_uri: str) -> str:
    """Returns what was done to a lake, as Markdown to paste into a paper.

    Models with revision, licence and settings; what was excluded and refused; versions.

    Raises:
      LakeError: `lake_uri` is not a lake.
    """
    return in_words(gathered(lake_uri))


def gathered(lake_uri: str) -> dict[str, list[Row]]:
    """Returns the same as rows, by what they are about.

    Raises:
      LakeError: `lake_uri` is not a lake.
    """
    found = {}
    with open_lake(lake_uri) as connection:
        for name, query in _QUERIES.items():
            relation = connection.sql(query)
            columns, rows = relation.columns, relation.fetchall()
            found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def in_words(found: Mapping[str, Sequence[Row]]) -> str:
    """Returns what `gathered` found, as Markdown."""
    parts = [
        "# Methods",
        *_size(found["size"][0]),
        "## Annotators",
        *_annotators(found["annotators"]),
        "Labels say what a text expresses, not what its author felt. A label is "
        "chosen where its score reaches the annotator's own threshold.",
        *_validated(found["validated"], found["people"][0]["n"]),
        "## Nonverbal cues",
        *_cues(found["cues"], found["textualized"]),
        "## What was not labelled, or only in part",
        f"Reports leave out {count(found['bots'][0]['n'], 'message')} of bots.",
        *_statuses(found["statuses"]),
        "## What each stage did",
        "Rows of all runs together: a message that was read in two runs counts "
        "twice, the second time as unchanged.",
        _table(found["runs"]),
        "## Versions",
        *_versions(found["versions"]),
    ]
    return "\n\n".join(parts) + "\n"


def _size(row: Row) -> Iterator[str]:
    sources = ", ".join(row["sources"] or [])
    people = "(authors not given)"
    if row["people"]:
        people = f"of {count(row['people'], 'person', 'people')}"
    yield (
        f"{count(row['messages'], 'message')} in "
        f"{count(row['conversations'], 'conversation')} "
        f"{people}, from {sources or 'no source'}."
    )
    if row["first"] is not None:
        yield f"Posted from {row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d} (UTC)."


def _annotators(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        yield "None yet."
    for row in rows:
        allowed = "allowed" if row["commercial_use"] else "not allowed, or unknown"
        asked = f", prompt `{row['prompt_hash']}`" if row["prompt_hash"] else ""
        yield (
            f"- `{row['annotator_id']}` ({row['kind']}): {row['model'] or '-'}, "
            f"revision `{row['revision'] or '-'}`{asked}; licence "
            f"{row['licence'] or 'unknown'}"
            f"; commercial use {allowed}; settings "
            f"`{row['parameters'] or '{}'}`."
        )
        if row["notice"]:
            yield f"  {row['notice']}"
    for row in rows:
        yield from lines_of(row)


def _validated(rows: Sequence[Row], people: int) -> Iterator[str]:
    if not rows:
        yield "The labels were not validated on these texts."
        return
    who = count(people, "person", "people")
    yield f"Labels were compared with what {who} answered on a sample:"
    for row in rows:
        yield (
            f"- `{row['annotator_id']}`, {row['label']}: precision {row['value']:.2f} "
            f"({row['low']:.2f} to {row['high']:.2f}) on "
            f"{count(row['n'], 'message')}."
        )


def _cues(rows: Sequence[Row], runs: Sequence[Row]) -> Iterator[str]:
    if not rows:
        yield "No cue was found."
    told = {run["renderer_id"]: run for run in runs}
    for row in rows:
        run = told.get(row["renderer_id"], {})
        settings = f"; settings `{run['options']}`" if run else ""
        if run.get("context"):
            settings += f"; run for {run['purpose']!r} in the context {run['context']}"
        found = f"{count(row['cues'], 'cue')} in {count(row['messages'], 'message')}"
        yield f"- `{row['renderer_id']}` ({row['modality']}): {found}{settings}."


def _statuses(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row["status"] != "ok":
            said = _STATUS_WORDS.get(row["status"], row["status"].replace("_", " "))
            yield f"- `{row['annotator_id']}`: {count(row['n'], 'message')} {said}"


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return "No run has been recorded."
    names = list(rows[0])
    heads = [name.replace("_", " ") for name in names]
    lines = ["| " + " | ".join(heads) + " |", "| " + "--- | " * len(names)]
    lines += ["| " + " | ".join(_number(row[n]) for n in names) + " |" for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or 0)


def _versions(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        found = sorted(dict(row["versions"] or {}).items())
        yield ", ".join(f"{name} {version}" for name, version in found)
