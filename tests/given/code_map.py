"""The picture of `docs/code.md`: which package imports which, made from the code.

    python -m tests.given.code_map

writes it; a test fails where it is not current.
"""

from pathlib import Path

import altair as alt
import grimp
import polars as pl
import vl_convert

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "code.svg"
_PACKAGES = ("affectflow", "affectflow_transforms", "affectflow_connectors")
GROUND = ("schemas", "errors", "logs", "registry", "storage", "weights", "people")
ORDER = (
    "ground", "vocabularies", "batches", "kinds", "sources", "steps", "lake", "gold",
    "report", "export", "serving", "runners", "stages", "planning", "frames", "trials",
    "testing", "yaml", "opened", "cli", "affectflow_transforms",
    "affectflow_connectors",
)  # fmt: skip
"""From the bottom up; other packages come after them, by name."""


def imports() -> list[tuple[str, str]]:
    """Returns each pair of packages of which the first imports the second."""
    graph = grimp.build_graph(
        *_PACKAGES, exclude_type_checking_imports=True, cache_dir=None
    )
    pairs = {
        (package_of(module), package_of(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return sorted(pair for pair in pairs if pair[0] != pair[1])


def package_of(module: str) -> str:
    """Returns the package of a module; single modules of the core are its ground."""
    first, *rest = module.split(".")
    if rest == ["__main__"]:
        return "cli"
    if first != "affectflow":
        return first
    name = rest[0] if rest else "ground"
    folder = (ROOT / "affectflow" / name).is_dir()
    return "ground" if name in GROUND or not (folder or name in ORDER) else name


def picture(pairs: list[tuple[str, str]]) -> str:
    """Returns the imports as an SVG: a row imports columns."""
    found = {name for pair in pairs for name in pair}
    order = [name for name in ORDER if name in found]
    order += sorted(found - set(order))
    rows = pl.DataFrame(pairs, schema=["importer", "imported"], orient="row")
    plain = {"domain": False, "ticks": False}
    places = {"sort": order, "scale": alt.Scale(domain=order)}
    chart = (
        alt.Chart(rows, width=600, height=600, background="white")
        .mark_rect(stroke="white", fill="#3b6ea5")
        .encode(
            x=alt.X("imported:N", title="is imported", **places).axis(
                orient="top", labelAngle=-45, **plain
            ),
            y=alt.Y("importer:N", title="imports", **places).axis(**plain),
        )
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict())) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(imports()), encoding="utf-8")
