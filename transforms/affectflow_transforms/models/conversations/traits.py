"""Personalities by the Big Five, and emotions, as points of VAD.

VAD is valence, arousal, dominance, each from -1 to 1. The weights are Mehrabian's
(1996), as in Wen et al. 2021, "Automatically Select Emotion for Response via
Personality-affected Emotion Transition", Findings of ACL.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from affectflow.errors import UsageError
from affectflow.sources.streams import read_all
from affectflow_transforms.models.conversations.states import Floats, Ints

TRAITS = (
    "openness",
    "conscientiousness",
    "extraversion",
    "agreeableness",
    "stability",
)
NEUROTICISM = "neuroticism"
"""May replace `stability`, which is 1 minus this."""
WEIGHTS = np.array(
    [
        [0.00, 0.00, 0.21, 0.59, 0.19],
        [0.15, 0.00, 0.00, 0.30, -0.57],
        [0.25, 0.17, 0.60, -0.32, 0.00],
    ]
)
"""Weights of the traits, in order, for valence, arousal and dominance."""
ANCHORS: Mapping[str, tuple[float, float, float]] = {
    "anger": (-0.51, 0.59, 0.25),
    "disgust": (-0.60, 0.35, 0.11),
    "fear": (-0.62, 0.82, -0.43),
    "joy": (0.81, 0.51, 0.46),
    "neutral": (0.0, 0.0, 0.0),
    "sadness": (-0.63, -0.27, -0.33),
    "surprise": (0.40, 0.67, -0.13),
}
"""Where the emotions of MELD lie."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Personalities:
    """Personalities of speakers.

    Args:
      speakers: the ids of the speakers.
      points: points of VAD, shape (speakers, 3).
    """

    speakers: Sequence[str]
    points: Floats


def personality(traits: Floats) -> Floats:
    """Returns personalities as points of VAD, shape (speakers, 3).

    Args:
      traits: shape (speakers, 5), from 0 to 1, as `TRAITS`. The last is emotional
        stability, the opposite of neuroticism: higher values are calmer.
    """
    points: Floats = traits @ WEIGHTS.T
    return points


def moved(before: Floats, delta: Floats, points: Floats) -> Floats:
    """Returns where emotions move to, shape (turns, 3), within -1 and 1.

    Args:
      before: the speaker's last emotion.
      delta: the direction in which the context draws it.
      points: personalities: how far each of the three follows.
    """
    return np.clip(before + delta * points, -1.0, 1.0)


def anchors(labels: Sequence[str]) -> Floats:
    """Returns the points of emotions, shape (labels, 3)."""
    return np.array([ANCHORS[label] for label in labels])


def nearest(points: Floats, labels: Sequence[str]) -> Ints:
    """Returns the emotion that is nearest to each point, shape (points,)."""
    away = points[:, None] - anchors(labels)
    near: Ints = (away**2).sum(axis=2).argmin(axis=1)
    return near


# -- files -------------------------------------------------------------------------


def read_personalities(uri: str) -> Personalities:
    """Returns the personalities in a CSV, maybe compressed.

    The columns are `speaker_id` and one for each trait.

    Raises:
      UsageError: a column or an id is missing, a speaker appears twice, or a trait is
        not a number from 0 to 1.
      StorageError: the file cannot be opened.
    """
    try:
        text = read_all(uri).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{uri!r} is not UTF-8: save the CSV as UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = _columns(uri, reader.fieldnames or ())
    rows = list(reader)
    speakers = [row["speaker_id"] or "" for row in rows]
    twice = [name for name, n in Counter(speakers).items() if n > 1 or not name]
    if twice:
        raise UsageError(
            f"{uri!r} has {twice[0]!r} as `speaker_id` in several rows, or a row "
            "without one: give each speaker one row"
        )
    traits = [[_trait(uri, row, column) for column in columns] for row in rows]
    values = np.array(traits, np.float64).reshape(-1, len(TRAITS))
    if NEUROTICISM in columns:
        values[:, -1] = 1 - values[:, -1]
    return Personalities(speakers=speakers, points=personality(values))


def _columns(uri: str, there: Sequence[str]) -> list[str]:
    last = NEUROTICISM if NEUROTICISM in there else TRAITS[-1]
    wanted = [*TRAITS[:-1], last]
    if NEUROTICISM in there and TRAITS[-1] in there:
        raise UsageError(
            f"{uri!r} has both `stability` and `neuroticism`: leave one out"
        )
    lacking = [name for name in ("speaker_id", *wanted) if name not in there]
    if lacking:
        raise UsageError(
            f"{uri!r} has no column {', '.join(map(repr, lacking))}: give a CSV with "
            f"speaker_id, {', '.join(TRAITS[:-1])}, and stability or neuroticism"
        )
    return wanted


def _trait(uri: str, row: Mapping[str, str | None], column: str) -> float:
    try:
        value = float(row[column] or "")
    except ValueError:
        value = np.nan
    if not 0 <= value <= 1:
        raise UsageError(
            f"{uri!r} has {row[column]!r} as `{column}` of {row['speaker_id']!r}: "
            "traits must be numbers from 0 to 1"
        )
    return value
