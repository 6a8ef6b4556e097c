"""What made a thread heated, predicted from causes alone: do they tell what it was?

A classifier is fitted to the texts of four fifths of the threads and predicts the rest:
once from all comments, once only from the causes that a miner found in them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from affectflow.batches.bootstrap import Interval
from affectflow.kinds.miner import Miner
from affectflow.trials.figures import Line
from affectflow.trials.messages import ingested, labelled, mined
from affectflow.trials.sets import threads

_FOLDS, _SEED = 5, 0
DISPLEASED = frozenset({"anger", "annoyance", "disappointment", "disapproval"}) | {
    "disgust",
    "frustration",
    "sadness",
}


def lines(data: Path, miners: dict[str, Miner[Any]]) -> Iterator[Line]:
    """Yields macro-F1 of the trigger, by causes and by all words."""
    found = list(threads(data))
    triggers = [trigger for _, trigger, _ in found]
    texts = [comment for _, _, comments in found for comment in comments]
    owner = [n for n, (*_, comments) in enumerate(found) for _ in comments]
    batch = labelled(ingested(texts))
    whole = [" ".join(comments) for *_, comments in found]
    yield _line("all comments", whole, triggers)
    for by, miner in miners.items():
        said: list[list[str]] = [[] for _ in found]
        for row, causes in enumerate(mined(batch, miner)):
            spans = {c["cause_text"] for c in causes if c["label"] in DISPLEASED}
            said[owner[row]].extend(sorted(spans))
        yield _line(by, [" ".join(each) for each in said], triggers)


def _line(by: str, texts: Sequence[str], triggers: Sequence[str]) -> Line:
    value = Interval(_macro_f1(texts, triggers), np.nan, np.nan)
    data = "gh_incivility, trigger among eight"
    return Line(data=data, by=by, figure="macro-F1", n=len(texts), value=value)


def _macro_f1(texts: Sequence[str], triggers: Sequence[str]) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    guess = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english"),
        LogisticRegression(C=10.0, class_weight="balanced", max_iter=500),
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    guessed = cross_val_predict(guess, list(texts), list(triggers), cv=folds)
    return float(f1_score(triggers, guessed, average="macro"))
