"""EmbeddedEmotions on the comments it was made for, and on developers' text."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from affectflow.vocabularies import get
from tests.quality import datasets, embedded, markdown, measuring
from tests.quality.datasets import Labelled
from tests.quality.embedded import Answers
from tests.quality.measuring import Column

GOEMOTIONS, SHAVER = get("goemotions").labels, get("shaver").labels

Answering = Callable[[Sequence[str]], Answers]

_BARS = """
For the same 28 labels, on the test set, which this page never reads: the paper's BERT
has a macro-F1 of 0.46 (Demszky et al., 2020); a RoBERTa-base with tuned thresholds is
reported at 0.54. Two sets of one source, but not the same comments.
"""


def reddit(data: Path) -> str:
    """Returns the figures on GoEmotions' development set."""
    given = datasets.goemotions_dev(data)
    told = embedded.answers(given.texts)
    columns = list(by_label(given, told))
    rows = measuring.figures(columns)
    return "\n".join(
        [
            "### Reddit comments: GoEmotions, development set",
            "",
            f"{len(given.texts):,} comments, CC BY 4.0 (Demszky et al., ACL 2020); "
            f"{int((~told.answered).sum())} of them refused as silent or not English. "
            "The model was fitted and every choice was made on the training set, by "
            "cross-validation. Intervals draw comments, because the set does not say "
            "which thread a comment is of: they are too narrow if threads matter.",
            "",
            markdown.figures(summaries_first(rows)),
            _BARS.strip(),
            "",
            "By group, over all labels:",
            "",
            _by_groups(given, told),
            "How far a score is a probability, all labels together:",
            "",
            _reliability(columns),
        ]
    )


def by_label(given: Labelled, told: Answers, by: str = "") -> Iterable[Column]:
    """Yields a column for each of GoEmotions' labels."""
    for label in GOEMOTIONS:
        yield Column(
            label=label,
            truth=given.truth[label],
            scores=told.scores[label],
            chosen=told.chosen[label],
            units=given.units,
            groups=given.groups[by] if by else None,
        ).only(told.answered)


def summaries_first(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Returns rows with those over several labels before the others."""
    return sorted(rows, key=lambda row: not str(row["label"]).startswith("("))


def _by_groups(given: Labelled, told: Answers) -> str:
    rows = []
    for by in given.groups:
        found = measuring.figures(by_label(given, told, by))
        kept = [row for row in found if row["label"] in ("(macro)", "(micro)")]
        groups = [*dict.fromkeys(str(row["group"]) for row in kept)]
        for group in sorted(groups, key=_place):
            macro, micro = (
                next(r for r in kept if (r["group"], r["label"]) == (group, label))
                for label in ("(macro)", "(micro)")
            )
            n = f"{int(str(micro['n'])) // len(GOEMOTIONS):,}"
            over = f"{macro['labels']} labels"
            figures = [markdown.figure(macro, "f1"), over, markdown.figure(micro, "f1")]
            rows.append([f"{by}: {group}", n, *figures])
    heads = ["group", "texts", "macro-F1", "over", "micro-F1"]
    return markdown.table(heads, rows)


def _place(group: str) -> tuple[int, str]:
    bands = datasets.LENGTHS
    return (bands.index(group) if group in bands else len(bands), group)


def _reliability(columns: list[Column]) -> str:
    heads = ["score", "answers", "mean score", "share of positives"]
    return markdown.table(heads, measuring.reliability(columns))


# -- developers' text --------------------------------------------------------------


def developers(data: Path) -> str:
    """Returns the figures on developers' text, by families."""
    return "\n".join(
        [
            "### Developers' text",
            "",
            "Never trained on, and nothing about emotions was chosen by it (one weight "
            "of frustration was: see the last table on heated threads). Labels are "
            "folded to those of the data (`affectflow.vocabularies`), as `affectflow "
            "eval` does: a family is chosen if one of its labels is. None of the three "
            "sets states a licence, so only figures stand here. Thresholds are those "
            "of Reddit.",
            "",
            "GitHub comments (Imran et al., ASE 2022), six families, and irritation or "
            "exasperation among the finer labels. Intervals draw comments; all are of "
            "four repositories.",
            "",
            families(datasets.github_emotion(data), [*SHAVER, "irritation"]),
            "By repository, all families together:",
            "",
            _by_repository(datasets.github_emotion(data)),
            "Stack Overflow posts, majority of three raters (Novielli et al., 2018):",
            "",
            families(datasets.stack_overflow_emotion(data), SHAVER),
            "Sentences of issue trackers (Ortu et al., MSR 2016), a sample for each "
            "emotion, with about as many positives as negatives in some: AUC can be "
            "compared, AP and Brier skill cannot.",
            "",
            jira(data),
        ]
    )


def families(
    given: Labelled, labels: Iterable[str], by: Answering = embedded.answers
) -> str:
    """Returns a table of labels that GoEmotions' fold to, as `by` answers texts."""
    told = by(given.texts)
    columns = [_family(given, told, label) for label in labels]
    return markdown.figures(measuring.figures(columns))


def _family(given: Labelled, told: Answers, label: str, by: str = "") -> Column:
    vocabulary = label if label == "irritation" else "shaver"
    scores, chosen = told.folded(label, vocabulary)
    return Column(
        label=label,
        truth=given.truth[label],
        scores=scores,
        chosen=chosen,
        units=given.units,
        groups=given.groups[by] if by else None,
    ).only(told.answered)


def _by_repository(given: Labelled) -> str:
    told = embedded.answers(given.texts)
    columns = [_family(given, told, label, "container") for label in SHAVER]
    rows = [row for row in measuring.figures(columns) if row["label"] == "(micro)"]
    return markdown.figures(rows, group="repository")


def jira(data: Path, by: Answering = embedded.answers) -> str:
    """Returns a table of sentences of an issue tracker, as `by` answers them."""
    columns = []
    for label in ("anger", "joy", "love", "sadness"):
        given = datasets.jira_emotion(data, label)
        columns.append(_family(given, by(given.texts), label))
    rows = [
        row
        for row in measuring.figures(columns)
        if not str(row["label"]).startswith("(")
    ]
    return markdown.figures(rows, ("f1", "auc"))
