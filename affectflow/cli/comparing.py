"""The command `compare`: two annotators side by side."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from affectflow.cli import show
from affectflow.cli.options import JsonOrTable, LakeUri

if TYPE_CHECKING:
    from affectflow.gold.evaluation.versus import Comparison

_ID = "The id of an annotator, or the start of it; `sql LAKE 'FROM basis'` lists them."


def compare(
    lake: LakeUri,
    a: Annotated[str, typer.Argument(metavar="A", help=_ID)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    shape: JsonOrTable = "table",
) -> int:
    """Show how well two annotators agree, and where they differ."""
    from affectflow.gold.evaluation import versus

    found = versus.compare(lake, a, b)
    if shape == "json":
        show.as_object(_plain(found))
        return 0
    show.say(f"a: {found.annotator_a}; b: {found.annotator_b}")
    if found.labels:
        _show_labels(found)
    if found.scales:
        heads = ["scale", "n", "Pearson r", "CCC", "bias (b - a)", "note"]
        show.table(heads, found.scales)
    if found.differing:
        heads = ["they differ most", "a", "b", "message", "quote"]
        show.table(heads, [_line(*each) for each in found.differing])
    return 0


def _show_labels(found: "Comparison") -> None:
    heads = ["vocabulary", "a in", "b in", "both answered", "agreement"]
    show.table(
        [*heads, "only a", "only b"],
        [
            [f.common, f.of_a, f.of_b, of.n, of.agreement, of.only_a, of.only_b]
            for f, of in found.labels
        ],
    )
    show.table(
        ["vocabulary", "label", "n", "both", "only a", "only b", "kappa"],
        [each for _, of in found.labels for each in of.labels],
    )


def _line(about: str, a: str, b: str, message: str, text: str | None) -> list[str]:
    words = "(not public)" if text is None else " ".join(text.split())
    return [about, a or "(none)", b or "(none)", message, words]


def _plain(found: "Comparison") -> dict[str, object]:
    return {
        "a": found.annotator_a,
        "b": found.annotator_b,
        "labels": [
            fold._asdict()
            | {"agreement": of.agreement}
            | {k: v for k, v in asdict(of).items() if k in ("n", "same", "only_a")}
            | {"only_b": of.only_b, "by_label": [each._asdict() for each in of.labels]}
            for fold, of in found.labels
        ],
        "scales": [each._asdict() for each in found.scales],
        "differing": [each._asdict() for each in found.differing],
    }
