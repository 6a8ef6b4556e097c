"""Writes docs/quality.md, or the page of another folder of data.

Writes too what reports say of gaps between groups (`tests.quality.groups`).
"""

import argparse
import os
from pathlib import Path

from tests.quality.groups.measured import measured, write
from tests.quality.page import PAGE, page

ROOT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Returns the folder of the shared data sets."""
    given = os.environ.get("AFFECTFLOW_SHARED_DATA")
    return Path(given) if given else ROOT.parent / "shared" / "data"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    data = parser.parse_args().data
    PAGE.write_text(page(data), encoding="utf-8")
    write(measured(data))
