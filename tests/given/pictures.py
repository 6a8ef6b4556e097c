"""The pictures in README: the report on the bundled conversations, and a served theme.

    python -m tests.given.pictures

draws them again into `docs/`; a test draws them elsewhere.
"""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from affectflow.cli import run
from tests.given.chromium import Page, browser
from tests.given.served_lakes import serving

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZES = {"report": (1200, 1700), "report-owner": (1200, 2200), "serve": (1200, 1300)}
"""Width and height in pixels, from the top of the page."""
_READERS = {"report": (), "report-owner": ("--for", "owner")}


def draw(tab: Page, lake: Path, folder: Path) -> list[Path]:
    """Writes each picture as PNG into a folder, with the pages of reports."""
    drawn = []
    for name, reader in _READERS.items():
        page = folder / f"{name}.html"
        assert run(["report", str(lake), "--out", str(page), *reader]) == 0
        tab.resize(*SIZES[name])
        tab.open(page)
        drawn.append(folder / f"{name}.png")
        tab.screenshot(drawn[-1])
    return [*drawn, _draw_served(tab, lake, folder / "serve.png")]


def _draw_served(tab: Page, lake: Path, picture: Path) -> Path:
    """Draws what `affectflow serve` shows of the first theme."""
    tab.resize(*SIZES["serve"])
    with serving(str(lake)) as served:
        tab.go(served.access.url)
        tab.follow("#displeasure .themes a")
        tab.screenshot(picture)
    return picture


def main() -> int:
    """Draws the pictures of a demo made for them."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
        # Pages show the lake as it is named here.
        folder, lake = Path(made), Path("affectflow-demo")
        if code := run(["demo", "--to", str(lake)]):
            return code
        with browser(chromium, folder / "profile", folder) as tab:
            for picture in draw(tab, lake, folder):
                shutil.copy(picture, DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
