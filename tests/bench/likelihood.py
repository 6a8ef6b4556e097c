"""Which likelihood of a label names the right one: that of `Generate` is chosen by it.

A real small model is asked for the emotion of labelled posts, as many of each label:

    python -m tests.bench.likelihood --each 20

All come of the same passes through the model. What is chosen is chosen on `train`, and
`dev` is only reported. It needs the extra `torch`, the packages of tests/nodeps.txt and
the data sets. Nothing is asserted.
"""

import argparse
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affectflow.kinds.asking import Message
from affectflow.kinds.priors import divided
from affectflow.kinds.prompt import Prompt, Step
from affectflow.kinds.wording import fenced, messages
from affectflow.vocabularies import get
from affectflow_transforms.models.generate.choosing import log_likelihoods, scores_of
from affectflow_transforms.models.generate.completing import layout_of
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Layout
from affectflow_transforms.models.generate.rendering import rendered, tokenised
from affectflow_transforms.models.pretrained.forward import padded
from tests.bench.generate import loaded
from tests.bench.text import DATA
from tests.given import smollm

Labelled = list[tuple[str, str]]
Scores = npt.NDArray[np.float64]
AT_ONCE = 8


def goemotions(split: str) -> Labelled:
    """Returns comments with one label of 28."""
    path = DATA / "goemotions" / ("train.tsv.gz" if split == "train" else "dev.tsv")
    names = (DATA / "goemotions" / "emotions.txt").read_text("utf-8").split()
    whole = path.read_bytes()
    lines = (gzip.decompress(whole) if path.suffix == ".gz" else whole).decode("utf-8")
    rows = [line.split("\t") for line in lines.splitlines()]
    return [(text, names[int(label)]) for text, label, _ in rows if label.isdigit()]


def ekman(split: str) -> Labelled:
    """Returns comments with one of Ekman's six."""
    path = DATA / "goemotions" / "ekman_mapping.json"
    families = json.loads(path.read_text("utf-8"))
    coarse = {fine: family for family, members in families.items() for fine in members}
    return [(text, coarse[fine]) for text, fine in goemotions(split) if fine in coarse]


def tweeteval(split: str) -> Labelled:
    """Returns tweets with one of four."""
    folder = DATA / "tweeteval_emotion"
    lines = (folder / "mapping.txt").read_text("utf-8").splitlines()
    names = dict(line.split("\t") for line in lines)
    own = "train" if split == "train" else "val"
    texts, labels = (
        (folder / f"{own}_{part}.txt").read_text("utf-8").split("\n")
        for part in ("text", "labels")
    )
    return [(t, names[n]) for t, n in zip(texts, labels, strict=True) if n]


TASKS = {
    "TweetEval, 4 labels": (tweeteval, ("anger", "joy", "optimism", "sadness"), 4),
    "GoEmotions, Ekman's 6": (ekman, get("ekman").labels, 3),
    "GoEmotions, 28 labels": (goemotions, get("goemotions").labels, 1),
}


def balanced(rows: Labelled, each: int) -> Labelled:
    """Returns as many rows of each label, drawn with a seed."""
    drawn = random.Random(7).sample(rows, len(rows))
    labels = sorted({label for _, label in rows})
    return [row for own in labels for row in [r for r in drawn if r[1] == own][:each]]


def question(text: str, labels: Sequence[str]) -> tuple[Message, ...]:
    """Returns what is asked of a text, as a prompt of a file asks it."""
    step = Step(
        name="emotion",
        text="{text}\n\nWhich of these does its author express: {labels}? Answer with "
        "one of them.",
        parser="one_label",
        labels=tuple(labels),
    )
    prompt = Prompt(name="emotion", task="emotion", steps=(step,))
    values = {"text": fenced(text, prompt), "labels": ", ".join(labels)}
    return messages(prompt, step, values)


def read(
    generator: Generator, chats: Sequence[Sequence[Message]], layout: Layout
) -> Scores:
    """Returns the logarithm of the likelihood of each label behind each chat."""
    texts = [rendered(generator, chat) for chat in chats]
    tokens = tokenised(generator, texts, len(layout.tokens))
    order = np.argsort(tokens.lengths, kind="stable")
    found = np.zeros((len(texts), len(layout.labels)))
    for start in range(0, len(texts), AT_ONCE):
        rows = order[start : start + AT_ONCE]
        found[rows] = log_likelihoods(
            generator, *padded(generator, tokens, rows)[:2], layout
        )
    return found


def candidates(
    found: Scores, of_nothing: Scores, of_no_text: Scores, layout: Layout
) -> Iterator[tuple[str, Scores]]:
    """Yields each way's name, and its score of each label for each text."""
    for likelihood in ("sum", "mean"):
        scores = scores_of(found, layout, likelihood)
        yield likelihood, scores
        prior = scores_of(of_no_text, layout, likelihood)[0].tolist()
        without = [divided(row, prior) for row in scores.tolist()]
        yield f"{likelihood}, prior=empty", np.array(without)
    yield "sum less that in an empty chat", scores_of(found - of_nothing, layout, "sum")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--each", type=int, default=20, help="texts, in tens of labels")
    parser.add_argument("--dtype", default="auto")
    given = parser.parse_args()
    generator = loaded(given.model or smollm.folder(), given.dtype)
    for split in ("train", "dev"):
        for name, (source, labels, share) in TASKS.items():
            rows = balanced(source(split), given.each * share)
            _report(generator, f"{split}: {name}", rows, labels)


def _report(
    generator: Generator, name: str, rows: Labelled, labels: Sequence[str]
) -> None:
    layout = layout_of(generator, labels)
    found = read(generator, [question(text, labels) for text, _ in rows], layout)
    of_nothing = read(generator, [[Message("user", "")]], layout)
    of_no_text = read(generator, [question("", labels)], layout)
    print(f"\n{name}: {len(rows)} texts, chance {1 / len(labels):.3f}")
    lengths = zip(labels, layout.n_tokens, strict=True)
    print("  tokens:", ", ".join(f"{label} {n}" for label, n in lengths))
    own = np.array([labels.index(label) for _, label in rows])
    print("  right  AUC   labels said, the most said; mean tokens of what is said")
    for way, scores in candidates(found, of_nothing, of_no_text, layout):
        best = scores.argmax(axis=1)
        often = np.bincount(best, minlength=len(labels))
        print(
            f"  {(best == own).mean():.3f}  {_auc(scores, own):.3f}  "
            f"{(often > 0).sum():2d}  {labels[often.argmax()]} "
            f"{often.max() / len(rows):.2f}; {layout.n_tokens[best].mean():.2f}  {way}",
            flush=True,
        )


def _auc(scores: Scores, own: npt.NDArray[np.int64]) -> float:
    """Returns the mean over labels of how often their texts score above others."""
    found = []
    for label in np.unique(own):
        inside, outside = scores[own == label, label], scores[own != label, label]
        above = inside[:, None] > outside[None, :]
        found.append((above + 0.5 * (inside[:, None] == outside[None, :])).mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
