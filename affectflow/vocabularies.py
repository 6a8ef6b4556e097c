"""Label sets, and the folds between them, as data.

Sources: GoEmotions, Demszky et al. 2020 (27 emotions and neutral; their grouping into
Ekman's six). Ekman 1992. Plutchik 1980. Shaver et al. 1987 (six primary emotions and 25
secondary ones). LEIA, Aroyehun et al. 2023. MELD, Poria et al. 2019.
"""

from dataclasses import dataclass

VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A label set.

    Args:
      name: as in the column `vocabulary`.
      labels: in the order of the source.
      scale: lowest and highest raw value of a dimensional vocabulary, else None.
    """

    name: str
    labels: tuple[str, ...]
    scale: tuple[float, float] | None = None


GOEMOTIONS = Vocabulary(
    name="goemotions",
    labels=(
        "admiration",
        "amusement",
        "anger",
        "annoyance",
        "approval",
        "caring",
        "confusion",
        "curiosity",
        "desire",
        "disappointment",
        "disapproval",
        "disgust",
        "embarrassment",
        "excitement",
        "fear",
        "gratitude",
        "grief",
        "joy",
        "love",
        "nervousness",
        "optimism",
        "pride",
        "realization",
        "relief",
        "remorse",
        "sadness",
        "surprise",
        "neutral",
    ),
)
EKMAN = Vocabulary(
    name="ekman", labels=("anger", "disgust", "fear", "joy", "sadness", "surprise")
)
PLUTCHIK = Vocabulary(
    name="plutchik",
    labels=(
        "anger",
        "anticipation",
        "disgust",
        "fear",
        "joy",
        "sadness",
        "surprise",
        "trust",
    ),
)
SHAVER = Vocabulary(
    name="shaver", labels=("anger", "fear", "joy", "love", "sadness", "surprise")
)
_SHAVER_SECONDARY = {
    "anger": ("irritation", "exasperation", "rage", "disgust", "envy", "torment"),
    "fear": ("horror", "nervousness"),
    "joy": (
        "cheerfulness",
        "zest",
        "contentment",
        "pride",
        "optimism",
        "enthrallment",
        "relief",
    ),
    "love": ("affection", "lust", "longing"),
    "sadness": (
        "suffering",
        "sadness",
        "disappointment",
        "shame",
        "neglect",
        "sympathy",
    ),
    "surprise": ("surprise",),
}
SHAVER_SECONDARY = Vocabulary(
    name="shaver_secondary",
    labels=tuple(label for level in _SHAVER_SECONDARY.values() for label in level),
)
LEIA = Vocabulary(
    name="leia", labels=("sadness", "anger", "happiness", "affection", "fear")
)
MELD = Vocabulary(
    name="meld",
    labels=("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"),
)
VAD = Vocabulary(
    name="vad", labels=("valence", "arousal", "dominance"), scale=(0.0, 1.0)
)
IRRITATION = Vocabulary(name="irritation", labels=("irritation",))

VOCABULARIES: dict[str, Vocabulary] = {
    v.name: v
    for v in (
        GOEMOTIONS,
        EKMAN,
        PLUTCHIK,
        SHAVER,
        SHAVER_SECONDARY,
        LEIA,
        MELD,
        VAD,
        IRRITATION,
    )
}

_Grouping = dict[str, tuple[str, ...]]

# The grouping that Demszky et al. publish; `neutral` is in no group.
_GOEMOTIONS_EKMAN: _Grouping = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy",
        "amusement",
        "approval",
        "excitement",
        "gratitude",
        "love",
        "optimism",
        "relief",
        "pride",
        "admiration",
        "desire",
        "caring",
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
}
# Imran et al. 2024 fold the fine labels into Shaver's six like this (their mapping of
# model outputs); labels that they do not map stay out.
_GOEMOTIONS_SHAVER: _Grouping = {
    "anger": ("anger", "annoyance", "disapproval", "disgust"),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy",
        "approval",
        "amusement",
        "admiration",
        "excitement",
        "relief",
        "optimism",
        "pride",
    ),
    "love": ("love", "gratitude", "desire", "caring"),
    "sadness": ("sadness", "disappointment", "remorse", "embarrassment", "grief"),
    "surprise": ("surprise", "confusion", "curiosity", "realization"),
}
_GOEMOTIONS_PLUTCHIK: _Grouping = {
    "anger": ("anger", "annoyance", "disapproval"),
    "anticipation": ("curiosity", "desire", "excitement", "optimism"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": ("joy", "amusement", "gratitude", "love", "pride", "relief"),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion"),
    "trust": ("admiration", "approval", "caring"),
}
_GOEMOTIONS_LEIA: _Grouping = {
    "anger": ("anger", "annoyance", "disapproval", "disgust"),
    "affection": ("love", "caring", "gratitude", "admiration"),
    "fear": ("fear", "nervousness"),
    "happiness": ("joy", "amusement", "excitement", "optimism", "relief", "pride"),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
}
_GOEMOTIONS_MELD: _Grouping = {**_GOEMOTIONS_EKMAN, "neutral": ("neutral",)}
_GOEMOTIONS_IRRITATION: _Grouping = {
    "irritation": ("annoyance", "anger", "disappointment")
}
_SHAVER_EKMAN: _Grouping = {
    "anger": ("anger",),
    "fear": ("fear",),
    "joy": ("joy", "love"),
    "sadness": ("sadness",),
    "surprise": ("surprise",),
}
_MELD_EKMAN: _Grouping = {label: (label,) for label in EKMAN.labels}
_LEIA_EKMAN: _Grouping = {
    "anger": ("anger",),
    "fear": ("fear",),
    "joy": ("happiness", "affection"),
    "sadness": ("sadness",),
}
_PLUTCHIK_EKMAN: _Grouping = {
    "anger": ("anger",),
    "disgust": ("disgust",),
    "fear": ("fear",),
    "joy": ("joy", "trust"),
    "sadness": ("sadness",),
    "surprise": ("surprise", "anticipation"),
}
# Coarse vocabularies have no finer word for it.
_ANGER_IRRITATION: _Grouping = {"irritation": ("anger",)}


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One step of a map between vocabularies; a row of the table `folds`."""

    from_vocabulary: str
    from_label: str
    to_vocabulary: str
    to_label: str
    weight: float = 1.0
    version: str = VERSION


def _folds(source: str, target: str, grouping: _Grouping) -> list[Fold]:
    return [
        Fold(from_vocabulary=source, from_label=fine, to_vocabulary=target, to_label=to)
        for to, group in grouping.items()
        for fine in group
    ]


FOLDS: tuple[Fold, ...] = (
    *_folds("goemotions", "ekman", _GOEMOTIONS_EKMAN),
    *_folds("goemotions", "shaver", _GOEMOTIONS_SHAVER),
    *_folds("goemotions", "plutchik", _GOEMOTIONS_PLUTCHIK),
    *_folds("goemotions", "leia", _GOEMOTIONS_LEIA),
    *_folds("goemotions", "meld", _GOEMOTIONS_MELD),
    *_folds("goemotions", "irritation", _GOEMOTIONS_IRRITATION),
    *_folds("shaver_secondary", "shaver", _SHAVER_SECONDARY),
    *_folds("shaver", "ekman", _SHAVER_EKMAN),
    *_folds("meld", "ekman", _MELD_EKMAN),
    *_folds("leia", "ekman", _LEIA_EKMAN),
    *_folds("plutchik", "ekman", _PLUTCHIK_EKMAN),
    *(
        fold
        for coarse in ("ekman", "plutchik", "shaver", "leia", "meld")
        for fold in _folds(coarse, "irritation", _ANGER_IRRITATION)
    ),
    *_folds(
        "shaver_secondary", "irritation", {"irritation": ("irritation", "exasperation")}
    ),
)


def fold(label: str, source: str, target: str) -> dict[str, float]:
    """Returns the labels of `target` that `label` of `source` folds to, and weights.

    Empty if the fold leaves the label out: `neutral` is none of Ekman's six.

    >>> fold("annoyance", "goemotions", "irritation")
    {'irritation': 1.0}
    """
    return {
        f.to_label: f.weight
        for f in FOLDS
        if (f.from_vocabulary, f.from_label, f.to_vocabulary) == (source, label, target)
    }


def members(target_label: str, target: str, source: str) -> tuple[str, ...]:
    """Returns the labels of `source` that fold to `target_label`.

    >>> members("irritation", "irritation", "goemotions")
    ('annoyance', 'anger', 'disappointment')
    """
    return tuple(
        f.from_label
        for f in FOLDS
        if (f.from_vocabulary, f.to_vocabulary, f.to_label)
        == (source, target, target_label)
    )


def recognise(labels: list[str]) -> str | None:
    """Returns the name of the vocabulary with exactly these labels, in any order."""
    wanted = {label.lower() for label in labels}
    for vocabulary in VOCABULARIES.values():
        if set(vocabulary.labels) == wanted:
            return vocabulary.name
    return None
