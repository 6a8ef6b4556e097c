"""What the annotators get wrong, on sentences that we wrote for this page.

Each is what a reader would say, and what the annotator says today. A sentence that it
gets right one day stays: the page then says so.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tests.quality import embedded, markdown


class Case(NamedTuple):
    """A sentence of ours, and what a reader would find in it.

    Args:
      kind: what makes it hard.
      expected: one of these labels of GoEmotions; empty for none but neutral.
      frustrated: the author is.
    """

    kind: str
    text: str
    expected: tuple[str, ...]
    frustrated: bool


_CROSS = ("annoyance", "anger", "disappointment", "disapproval")
CASES = (
    Case("irony", "Great, another release that deletes my settings.", _CROSS, True),
    Case("irony", "Oh wonderful, the build is red again on a Friday.", _CROSS, True),
    Case("negation", "I am not happy with how this turned out.", _CROSS, False),
    Case(
        "negation far away",
        "I would not say, after all these weeks of testing, that it is any good.",
        _CROSS,
        False,
    ),
    Case(
        "civil frustration",
        "This is the fourth weekend that I spend on this migration, and I am no "
        "further than when I began.",
        (*_CROSS, "sadness"),
        True,
    ),
    Case(
        "civil frustration",
        "We have been waiting for a reply since March and cannot ship without it.",
        _CROSS,
        True,
    ),
    Case(
        "calm defect report",
        "The parser throws an exception when the file is empty. Expected: no error.",
        (),
        False,
    ),
    Case(
        "calm defect report",
        "Crash on startup after the update, stack trace attached, happens every time.",
        (),
        False,
    ),
    Case(
        "somebody else's feeling",
        "My colleague was furious about the outage, I did not notice it.",
        (),
        False,
    ),
    Case(
        "hostile, nothing blocked",
        "Only an idiot would indent with tabs.",
        ("anger", "annoyance", "disapproval", "disgust"),
        False,
    ),
    Case(
        "technical word", "Kill the zombie child process and drain the pool.", (), False
    ),
    Case("technical word", "The fatal flag aborts on the first warning.", (), False),
    Case("polite closing", "Thanks in advance for any pointers.", (), False),
    Case("understatement", "Well, that could have gone better.", _CROSS, False),
    Case(
        "mixed feelings",
        "I love the new editor, but I hate that it eats my battery.",
        ("love", *_CROSS),
        False,
    ),
    Case("emoji only", "😡😡", ("anger", "annoyance"), False),
    Case("question as a complaint", "Why is this still not fixed?", _CROSS, True),
    Case(
        "question", "Why is the default 30 seconds?", ("curiosity", "confusion"), False
    ),
)


def section() -> str:
    """Returns the table of sentences, with today's answers."""
    told = embedded.answers([case.text for case in CASES])
    rows = []
    for number, case in enumerate(CASES):
        labels = [name for name in told.chosen if told.chosen[name][number]]
        emotions = [name for name in labels if name != "frustration"]
        score = told.scores["frustration"][number]
        shown = "yes" if "frustration" in labels else "no"
        verdict = "right" if _right(case, emotions) else "**wrong**"
        frustration = (
            "right" if ("frustration" in labels) == case.frustrated else "**wrong**"
        )
        rows.append(
            [
                case.kind,
                case.text,
                f"{', '.join(emotions) or 'none'}: {verdict}",
                f"{shown} ({score:.2f}): {frustration}",
            ]
        )
    wrong = sum("wrong" in str(row[2]) + str(row[3]) for row in rows)
    return "\n".join(
        [
            "## Known failures",
            "",
            "Sentences written for this page, not from any data set, and picked "
            "because they are hard; they say what mistakes to expect, not how many. "
            f"{wrong} of {len(rows)} have a mistake in one of the two answers.",
            "",
            markdown.table(["kind", "text", "emotions", "frustration (score)"], rows),
        ]
    )


def _right(case: Case, emotions: Sequence[str]) -> bool:
    told = set(emotions) - {"neutral"}
    return bool(told & set(case.expected)) if case.expected else not told
