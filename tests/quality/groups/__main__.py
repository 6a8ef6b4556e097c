"""Measures for whom the weights in the package err, and writes what reports say."""

import argparse
from pathlib import Path

from tests.quality.__main__ import data_folder
from tests.quality.groups.measured import measured, write
from tests.quality.groups.section import section

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=data_folder())
    data = parser.parse_args().data
    write(measured(data))
    print(section(data))
