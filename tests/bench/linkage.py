"""Who can tell speakers by turned vectors, and what is left of the emotion.

`python -m tests.bench.linkage`: vectors of messages of an IRC channel (character
n-grams, 128 of their components), attacked by their writers' other messages.
The emotion is whether a message is among the more pleasant half, as EmbeddedValence
says: what a model says, not what people do.
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from affectflow_transforms.models.valence.embedded import EmbeddedValence
from affectflow_transforms.vectors.directions import Directions
from affectflow_transforms.vectors.linkage import linked
from affectflow_transforms.vectors.turning import Floats, scaled, turned, turned_back

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
LINE = re.compile(r"\[\d\d:\d\d\] <([^>]+)> (.*)")
FEWEST = 30
"""Messages of a writer; who has written fewer is left out."""
WIDTH = 128
KEY, OTHER = b"of whoever turns them".ljust(32), b"of an attacker".ljust(32)


class Row(NamedTuple):
    """What one attacker comes to, and what of the emotion is kept.

    Attributes:
      vectors: what is given away.
      attacker: what is known of how they were made.
      eer: equal error rate, 0.5 is chance.
      emotion: share of right answers about the emotion of these vectors, by a judge who
        was taught on originals.
    """

    vectors: str
    attacker: str
    eer: float
    emotion: float


def messages(folder: Path) -> tuple[list[str], np.ndarray]:
    """Returns texts of an IRC channel, and who wrote them."""
    found = []
    for path in sorted((folder / "irc_disentanglement").rglob("*.txt")):
        lines = path.read_text("utf-8", "replace").splitlines()
        found += [match.groups() for match in map(LINE.match, lines) if match]
    count = Counter(who for who, _ in found)
    kept = [(who, text) for who, text in found if count[who] >= FEWEST]
    return [text for _, text in kept], np.array([who for who, _ in kept])


def vectors_of(texts: list[str]) -> Floats:
    """Returns a vector of each text, of how it is written, case and marks included."""
    grams = TfidfVectorizer(
        analyzer="char",
        ngram_range=(1, 4),
        min_df=5,
        sublinear_tf=True,
        lowercase=False,
    ).fit_transform(texts)
    found = TruncatedSVD(WIDTH, random_state=0).fit_transform(grams)
    return scaled(found - found.mean(axis=0))


def pleasant(texts: list[str]) -> np.ndarray:
    """Returns which texts are among the more pleasant half, and which are not."""
    model = EmbeddedValence()
    (answer,) = model.score(texts, model.load_model()).answers
    values = np.asarray(answer.values)[:, 0]
    return np.where(values > np.nanmedian(values), "pleasant", "not")


def figures(folder: Path) -> list[Row]:
    """Returns what attackers come to, of a third of the messages.

    Another third is what they know of the writers, by which directions are fitted too;
    the last one teaches the judge of emotions.
    """
    texts, whose = messages(folder)
    originals, emotions = vectors_of(texts), pleasant(texts)
    kept, taught, open_ = (np.arange(len(texts)) % 3 == each for each in range(3))
    planes = Directions.fit(originals[kept], emotions[kept].tolist())
    judge = LinearSVC(dual="auto").fit(originals[taught], emotions[taught])
    hidden = by_writer(turned, originals, KEY, whose)
    restored = planes.restored(hidden, originals)

    def row(
        vectors: str, attacker: str, known: Floats, seen: Floats, out: Floats
    ) -> Row:
        rate = linked(known[kept], whose[kept], seen[open_], whose[open_])
        share = judge.score(out[open_], emotions[open_])
        return Row(vectors, attacker, rate, float(share))

    back = by_writer(turned_back, hidden, KEY, whose)
    own_key = by_writer(turned, originals, OTHER, whose)
    each = by_writer(turned, originals, KEY, np.arange(len(texts)))
    alone = planes.restored(each, originals)
    restored_of, method = "turned, restored", "knows others turned by the same key"
    flat, flat_alone = without(restored, planes), without(alone, planes)
    return [
        row("as they are", "anyone", originals, originals, originals),
        row("turned", "does not know the method", originals, hidden, hidden),
        row("turned", "turns by a key of their own", own_key, hidden, hidden),
        row("turned", method, hidden, hidden, hidden),
        row("turned", "has the key", originals, back, hidden),
        row(restored_of, "does not know the method", originals, restored, restored),
        row(restored_of, f"{method}; no directions", flat, flat, restored),
        row(
            "each turned by itself, restored",
            f"{method}; no directions",
            *(flat_alone, flat_alone, alone),
        ),
    ]


def by_writer(turn, vectors: Floats, key: bytes, whose: np.ndarray) -> Floats:
    """Returns vectors, turned for each writer in a way of their own."""
    found = np.empty_like(vectors)
    for each in np.unique(whose):
        found[whose == each] = turn(vectors[whose == each], key, str(each))
    return found


def without(vectors: Floats, planes: Directions) -> Floats:
    """Returns what of vectors is orthogonal to all directions of emotions."""
    axes = np.linalg.svd(planes.normals, full_matrices=False)
    spanned = axes.Vh[axes.S > 1e-9]
    return vectors - vectors @ spanned.T @ spanned


def main(folder: Path = DATA) -> None:
    """Prints the table."""
    texts, whose = messages(folder)
    print(f"{len(texts):,} messages of {len(set(whose)):,} writers")
    print("| vectors | attacker | EER | emotion |\n|---|---|---:|---:|")
    for row in figures(folder):
        print(f"| {row.vectors} | {row.attacker} | {row.eer:.2f} | {row.emotion:.2f} |")


if __name__ == "__main__":
    main()
