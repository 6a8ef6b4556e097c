"""How far the two passes over the developers' messages agree.

    python -m tests.quality.developers DATA

They are passes of one model: agreement says how clear the guideline is, no more.
"""

import sys
from collections import Counter
from pathlib import Path

from tests.quality.authored.__main__ import agreement
from tests.quality.developers.reading import PASSES, marked


def main(data: Path) -> None:
    """Prints agreement, and which emotions are most frequent."""
    _, passes = marked(data)
    print("\n".join(agreement(*({row["id"]: row for row in p} for p in passes))))
    told = Counter(
        label for rows in passes for row in rows for label in row["emotions"]
    )
    for label, count in told.most_common():
        print(f"{label}: {count / len(PASSES) / len(passes[0]):.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
