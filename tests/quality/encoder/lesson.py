"""What the encoder is taught of each text: targets, and what they weigh."""

import numpy as np
import numpy.typing as npt

from tests.quality.authored.reading import FLAGS
from tests.quality.authored.training import weights
from tests.quality.encoder.rows import (
    EMOTIONS,
    FRUSTRATED_SHARE,
    LABELS,
    OF_COMMENTS,
    Mask,
    Texts,
)
from tests.quality.encoder.upper_layers import (
    Lesson,
    Matrix,
    alone_neutral,
    distilled,
    rare,
)

COMMENTS = 0.4
"""Weight of a comment for `frustration`, beside an authored message, unless it is among
the developers' messages, which say more; half of the comments are read in an epoch."""
DEVELOPERS = 1.5
"""Weight of a developers' message for emotions, beside a Reddit comment. An epoch has
eight of these for each message of the kind that the model is for."""
N_EMOTIONS = len(EMOTIONS)
_FLAGS = [LABELS.index(name) for name in FLAGS]
_COMMENTS = [LABELS.index(name) for name in OF_COMMENTS]


def lesson_of(given: Texts, teacher: Matrix) -> Lesson:
    """Returns the lesson of all texts.

    Args:
      given: the texts.
      teacher: probabilities of GoEmotions' labels, of the texts of GoEmotions.
    """
    target, counted = given.truth.copy(), np.zeros(given.truth.shape, np.float32)
    reddit, comments = given.of == "goemotions", given.of == "comments"
    y = given.truth[reddit, :N_EMOTIONS] > 0
    target[reddit, :N_EMOTIONS] = distilled(y, teacher)
    counted[reddit, :N_EMOTIONS] = 1
    _of_authored(given, target, counted)
    counted[np.ix_(comments, _COMMENTS)] = 1
    target[comments, _FLAGS[0]] = target[comments, _COMMENTS[0]]
    counted[comments & ~_labelled(given), _FLAGS[0]] = COMMENTS
    developers = given.of == "developers"
    counted[developers, :N_EMOTIONS] = DEVELOPERS
    counted[np.ix_(developers, _FLAGS)] = 1
    counted[:, :N_EMOTIONS] *= rare(y)
    halved = comments | (reddit & alone_neutral(given.truth[:, :N_EMOTIONS] > 0))
    return Lesson(
        target=target,
        weights=counted,
        learned=np.flatnonzero(~given.chosen),
        halved=np.flatnonzero(~given.chosen & halved),
    )


def _labelled(given: Texts) -> Mask:
    """Returns which texts are among the developers' messages."""
    told = {given.texts[row] for row in np.flatnonzero(given.of == "developers")}
    return np.array([text in told for text in given.texts])


def _of_authored(given: Texts, target: Matrix, counted: Matrix) -> None:
    """Weighs authored messages: emotions to the shares that they have on Reddit."""
    rows = given.rows("authored", chosen=False)
    soft = given.truth[rows]
    on_reddit = given.truth[given.rows("goemotions", chosen=False)].mean(0)
    for label in np.flatnonzero(soft[:, :N_EMOTIONS].any(0)):
        share, wanted = soft[:, label].mean(), on_reddit[label]
        yes = soft[:, label] * wanted / share
        both = yes + (1 - soft[:, label]) * (1 - wanted) / (1 - share)
        target[rows, label], counted[rows, label] = yes / both, both
    assert np.isfinite(target).all()
    assert np.isfinite(counted).all()
    counted[np.ix_(rows, _FLAGS)] = weights_of(given, rows)[:, None]


def weights_of(given: Texts, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns weights of authored messages: of all, as many frustrated as comments."""
    frustrated = given.truth[rows, _FLAGS[0]].astype(np.float64)
    return weights({"frustration": frustrated}, {"frustration": FRUSTRATED_SHARE})
