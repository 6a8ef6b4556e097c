"""Tables of figures in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

NAMES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "average_precision": "AP",
    "brier_skill": "Brier skill",
    "pearson": "Pearson r",
    "ccc": "CCC",
    "rmse": "RMSE",
}
FIGURES = ("f1", "auc", "average_precision", "brier_skill")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a table; numbers are set to the right."""
    body = [[_shown(value) for value in row] for row in rows]
    marks = ["---", *["---:"] * (len(heads) - 1)]
    lines = [heads, marks, *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def figure(row: Mapping[str, object], name: str) -> str:
    """Returns a figure with its 95 % interval."""
    value, low, high = row[name], row.get(f"{name}_low"), row.get(f"{name}_high")
    if not isinstance(value, float):
        return "-"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.2f} to {high:.2f})"


def figures(
    rows: Iterable[Mapping[str, object]],
    names: Sequence[str] = FIGURES,
    *,
    group: str = "",
) -> str:
    """Returns a table of figures by label, or by group and label.

    Args:
      rows: as `measuring.figures` gives them.
      names: which figures.
      group: what a group is; if empty, only the row of everything is shown.
    """
    lead = [group] if group else []
    heads = [*lead, "label", "texts", "positives", *(NAMES[name] for name in names)]
    return table(heads, [_line(row, names, bool(group)) for row in rows])


def _line(
    row: Mapping[str, object], names: Sequence[str], grouped: bool
) -> list[object]:
    label = str(row["label"])
    if label == "(macro)":
        label = f"**macro, {row['labels']} labels**"
    elif label == "(micro)":
        label = "**micro**"
    lead = [row["group"]] if grouped else []
    few = isinstance(row["why"], str) and "fewer than" in row["why"]
    counts = [row["n"], f"{row['positives']:,}{' (few)' if few else ''}"]
    return [*lead, label, *counts, *(figure(row, name) for name in names)]


def signed(difference: tuple[float, float, float]) -> str:
    """Returns a difference with its interval."""
    value, low, high = difference
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
