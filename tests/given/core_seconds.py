"""How many core-seconds each test took: a property in the file of --junitxml.

`python -m tests.given.core_seconds FILE...` prints the dearest tests and the sum.
"""

import os
import sys
from xml.etree import ElementTree

NAME = "core_seconds"


def spent() -> float:
    """Returns the core-seconds of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def tests_of(file: str) -> list[tuple[float, str]]:
    """Returns core-seconds and name of each test in a file of --junitxml."""
    return [
        (
            float(found.get("value", "nan")),
            f"{case.get('classname')}::{case.get('name')}",
        )
        for case in ElementTree.parse(file).iter("testcase")
        for found in case.iter("property")
        if found.get("name") == NAME
    ]


def main(files: list[str], most: int = 50) -> None:
    """Prints the dearest tests of some files, and what all of them took."""
    tests = sorted((test for file in files for test in tests_of(file)), reverse=True)
    for seconds, name in tests[:most]:
        print(f"{seconds:7.1f}  {name}")
    print(f"{sum(seconds for seconds, _ in tests):7.0f}  in {len(tests):,} tests")


if __name__ == "__main__":
    main(sys.argv[1:])
