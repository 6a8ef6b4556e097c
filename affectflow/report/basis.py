"""What the report rests on: annotators and licences, runs, versions, settings."""

import hashlib
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from affectflow import __version__
from affectflow.nouns import count
from affectflow.report.gaps import for_whom_it_errs
from affectflow.report.html import Child, Html, el, table
from affectflow.report.queries import Facts, Row
from affectflow.report.validated import accuracy, basis_of_shares
from affectflow.report.words import (
    ask_yourself,
    listed,
    named_shortly,
    percent,
    section,
)


def basis(facts: Facts) -> Html:
    """Returns the annotators and their licences, and what is validated."""
    rows = facts.answers["annotators"]
    people = sum(row["kind"] == "person" for row in rows)
    cells = [_annotator(facts, row) for row in rows if row["kind"] != "person"]
    heads = ["Annotator", "Kind", "Model", "Revision", "Licence", "Commercial use"]
    return section(
        "basis",
        "Models and licences",
        table(heads, cells, set()) if cells else el("p", "No model has been recorded."),
        el("p", f"{count(people, 'person', 'people')} labelled by hand.")
        if people
        else None,
        *(el("p", said) for said in _notices(rows)),
        accuracy(facts),
        ask_yourself("annotators", facts, "this table"),
    )


def _notices(rows: Sequence[Row]) -> list[str]:
    """Returns what guards tell readers of the results, each once."""
    found = (row["notice"] for row in rows)
    return [said for said in dict.fromkeys(found) if said]


def _annotator(facts: Facts, row: Row) -> list[Child]:
    chosen = facts.annotator and facts.annotator.annotator_id == row["annotator_id"]
    name = el("code", row["annotator_id"])
    allowed = {True: "allowed", False: "not allowed", None: "not recorded"}
    return [
        [name, " ", el("strong", "(this report)") if chosen else None],
        row["kind"],
        _model(facts, row["model"] or ""),
        (row["revision"] or "")[:16],
        row["licence"] or "not recorded",
        allowed[row["commercial_use"]],
    ]


def _model(facts: Facts, model: str) -> str:
    """Returns the name of a model; for anyone, a folder is cut to its last name."""
    is_folder = model.startswith(("/", "~", "."))
    return named_shortly(model) if is_folder and not facts.asked.is_owner else model


def footer(facts: Facts) -> Html:
    """Returns how the report was made, and how to make it again."""
    counts = facts.one("counts")
    runs, now = facts.answers["runs"], datetime.now(UTC)
    text = (
        f"Made by affectflow {__version__} on {now:%Y-%m-%d %H:%M} UTC from "
        f"{count(counts['messages'], 'message')} in {facts.lake}. "
        f"Settings digest {_digest(runs)}. Bots are left out of every number about "
        f"people; {_named(facts)}; {_quoted(facts)}"
    )
    if (share := facts.one("top_five")["share"]) is not None:
        text += (
            f" The five most active people wrote {percent(share)} of the messages "
            "with a known author."
        )
    return el(
        "footer",
        section(
            "methods",
            "Methods",
            el("p", text),
            basis_of_shares(facts),
            *for_whom_it_errs(_rested_on(facts)),
            _versions(runs),
            _runs(runs),
        ),
        ask_yourself("runs", facts, "the runs"),
        el("p", "To make this page again: ", el("code", _command(facts))),
    )


def _rested_on(facts: Facts) -> list[Row]:
    """Returns the annotator that the report rests on, as a row of the lake."""
    if facts.annotator is None or facts.annotator.is_person:
        return []
    own = facts.annotator.annotator_id
    return [row for row in facts.answers["annotators"] if row["annotator_id"] == own]


def _named(facts: Facts) -> str:
    if facts.asked.is_owner:
        return "this page has no speaker ids, but what is quoted may name people"
    return "this page has no names of people and no speaker ids"


def _quoted(facts: Facts) -> str:
    if facts.asked.is_owner:
        return "what a source calls private is not quoted. For the owner only."
    return (
        f"a quote is public{_by_whose_word(facts)}, and longer than 12 words only "
        f"with a link to its origin. Cells with {facts.asked.small} are left out and "
        "counted."
    )


def _by_whose_word(facts: Facts) -> str:
    """Returns who states that the quotes are public."""
    sources = [row["source"] for row in facts.answers["public_sources"]]
    if not sources:
        return " at its source"
    return f" at its source, or ({listed(sources)}) as the owner of the lake says"


def _command(facts: Facts) -> str:
    asked = facts.asked
    options = [
        *(["--for", asked.reader] if asked.is_owner else []),
        *(["--quotes", asked.quotes] if asked.quotes != "full" else []),
        *(["--context", asked.context] if asked.context else []),
    ]
    words = ["affectflow", "report", facts.lake, *options, "--out", "report.html"]
    return shlex.join(words)


def _digest(runs: list[Row]) -> str:
    """Returns one digest of the settings of all runs, independent of their order."""
    digests = sorted({run["config_digest"] or "" for run in runs})
    return hashlib.blake2b("\n".join(digests).encode(), digest_size=8).hexdigest()


def _versions(runs: list[Row]) -> Html | None:
    said = [run["versions"] or {} for run in runs]
    versions = {name: version for each in said for name, version in each.items()}
    if not versions:
        return None
    named = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return el("p", f"Versions: {named}.")


def _runs(runs: list[Row]) -> Html:
    if not runs:
        return el("p", "No run has been recorded in this lake.")
    cells: list[list[Child]] = [
        [
            el("code", run["run_id"]),
            run["stage"],
            run["state"],
            f"{run['started']:%Y-%m-%d %H:%M}" if run["started"] else "",
            f"{run['rows_in'] or 0:,}",
            f"{run['rows_out'] or 0:,}",
            f"{run['rows_dead'] or 0:,}",
            el("code", (run["config_digest"] or "")[:12]),
        ]
        for run in runs
    ]
    heads = ["Run", "Stage", "State", "Started (UTC)", "In", "Out", "Refused", "Digest"]
    return table(heads, cells, {4, 5, 6})
