"""What there was to read: messages by language, and nonverbal cues."""

from affectflow.nouns import count
from affectflow.report.html import Child, Html, el, table
from affectflow.report.queries import Facts, Row
from affectflow.report.words import ask_yourself, section

_HEADS = [
    "Language",
    "Messages",
    "Answered",
    "In a language it does not read",
    "Silent",
    "No usable answer",
    "Not asked yet",
]
_COUNTS = (
    "utterances",
    "answered",
    "unsupported",
    "silent",
    "unanswered",
    "not_asked",
)


def languages(facts: Facts) -> Html:
    """Returns what the annotator answered of each language, the largest first."""
    rows = facts.answers["languages"]
    if not rows:
        text = el("p", "Nothing has been labelled yet.")
        return section("languages", "Languages", text)
    all_, read = (sum(row[name] for row in rows) for name in ("utterances", "answered"))
    return section(
        "languages",
        "Languages",
        el(
            "p",
            f"The annotator answered {read:,} of {count(all_, 'message')} that people "
            "wrote: it gave them labels, or found that none applied. Messages that it "
            "does not read are missing from all other numbers; they are not calm.",
        ),
        table(_HEADS, [_line(row, facts) for row in rows], set(range(1, len(_HEADS)))),
        ask_yourself("languages", facts),
    )


def unsaid(facts: Facts) -> Html | None:
    """Returns the cues by renderer; None if there are none."""
    rows = facts.answers["cues"]
    if not rows:
        return None
    return section(
        "unsaid",
        "Nonverbal cues",
        el(
            "p",
            "Emoji, voices, faces and measurements were put into words by renderers. "
            "Annotators read these words with the messages, unless their settings say "
            "that they read texts as written. A cue is an observation, not a feeling.",
        ),
        table(
            ["Renderer", "Of", "Cues", "Messages", "Most often"],
            [_renderer(row) for row in rows],
            {2, 3},
        ),
        ask_yourself("cues", facts),
    )


def _renderer(row: Row) -> list[Child]:
    more = row["names"] - len(row["most"])
    most = ", ".join(row["most"]) + (f" and {more:,} more" if more else "")
    counts = (f"{row[name]:,}" for name in ("cues", "messages"))
    return [el("code", row["renderer_id"]), row["modality"], *counts, most]


def _line(row: Row, facts: Facts) -> list[Child]:
    return [_name(row, facts), *(f"{row[name]:,}" for name in _COUNTS)]


def _name(row: Row, facts: Facts) -> str:
    if row["language"] is None:
        return f"{count(row['languages'], 'language')} with {facts.asked.small}"
    return "not stated" if row["language"] == "und" else str(row["language"])
