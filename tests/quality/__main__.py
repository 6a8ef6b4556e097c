"""Writes docs/quality.md, or the page of another folder of data."""

import argparse
import os
from pathlib import Path

from tests.quality.page import PAGE, page

ROOT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Returns the folder of the shared data sets."""
    given = os.environ.get("AFFECTFLOW_SHARED_DATA")
    return Path(given) if given else ROOT.parent / "shared" / "data"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    PAGE.write_text(page(parser.parse_args().data), encoding="utf-8")
