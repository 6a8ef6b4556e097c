"""Makes the lexicon that comes with the package.

    python -m affectflow_transforms.models.valence.make_lexicon --data DIR --out DIR

reads `vader_lexicon.txt` in FOLDER and writes `words.tsv`: a word, a run of two or
three words, or a face; and the mean of ten people's ratings, from -4 to 4.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from affectflow_transforms.models import trained

FILE = "words.tsv"
SOURCE = "vader_lexicon.txt"

# Hashed words do not distinguish digits, and only the plain faces are safe signs:
# `:/` is in addresses, `*:` in markup, `:|` in tables.
_WORDS = re.compile(r"[a-z']+(?:[- ][a-z']+){0,2}")
_FACES = re.compile(r"[:;]['^-]?[()]")
_NO_RATING_OF_ITS_OWN = frozenset({"no"})
"""Words that turn what follows, and say nothing by themselves."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the lexicon."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="VADER")
    parser.add_argument("--out", type=Path, required=True, help="is made if missing")
    given = parser.parse_args(arguments)
    (source,) = trained.needed(given.data, SOURCE)
    given.out.mkdir(parents=True, exist_ok=True)
    lines = ratings(source.read_text(encoding="utf-8"))
    (given.out / FILE).write_text("".join(lines), encoding="utf-8")


def ratings(vader: str) -> Iterator[str]:
    """Yields lines of our lexicon, by token, from the text of VADER's."""
    rows = [line.split("\t")[:2] for line in vader.splitlines() if line.strip()]
    kept = {token.lower(): float(mean) for token, mean in rows}
    for token, mean in sorted(kept.items()):
        rated = _WORDS.fullmatch(token) or _FACES.fullmatch(token)
        if rated and token not in _NO_RATING_OF_ITS_OWN:
            yield f"{token}\t{mean:.1f}\n"


if __name__ == "__main__":
    main()
