"""What raters read of each label: one sentence, in words of everyday."""

from collections.abc import Mapping
from types import MappingProxyType

FRUSTRATION = (
    "The author expresses their own displeasure at a blocked or delayed goal. Not "
    "hostility alone, not a calm report of a defect, not what somebody else felt."
)
IRRITATION = (
    "The author is annoyed, angry or let down, whatever the reason; hostility counts."
)

_EKMAN = {
    "anger": "The author is angry, annoyed or disapproves.",
    "disgust": "The author is revolted by something.",
    "fear": "The author is afraid, worried or nervous.",
    "joy": "The author is pleased in any way: glad, grateful, amused, proud, fond, "
    "hopeful, relieved, admiring or approving.",
    "sadness": "The author is sad, disappointed, embarrassed, mourning or sorry.",
    "surprise": "The author is surprised, curious or confused, or has just understood "
    "something.",
}
_GOEMOTIONS = {
    "admiration": "The author finds something or somebody impressive or worthy.",
    "amusement": "The author finds something funny or entertaining.",
    "anger": "The author is strongly displeased, or hostile.",
    "annoyance": "The author is mildly angry or irritated.",
    "approval": "The author is in favour of something, or agrees.",
    "caring": "The author shows kindness or concern for somebody.",
    "confusion": "The author does not understand, or is unsure what is meant.",
    "curiosity": "The author wants to know or learn something.",
    "desire": "The author strongly wants something, or wishes that it happen.",
    "disappointment": "The author had hoped for something that did not come true.",
    "disapproval": "The author is against something, or disagrees.",
    "disgust": "The author is revolted by something unpleasant or offensive.",
    "embarrassment": "The author feels awkward or ashamed.",
    "excitement": "The author is eager and full of enthusiasm.",
    "fear": "The author is afraid or worried.",
    "gratitude": "The author is thankful; a closing formula alone does not count.",
    "grief": "The author mourns a loss, of a life most often.",
    "joy": "The author is happy or pleased.",
    "love": "The author shows strong affection.",
    "nervousness": "The author is tense or anxious.",
    "optimism": "The author is hopeful of what is to come.",
    "pride": "The author is pleased with what they or theirs have achieved.",
    "realization": "The author becomes aware of something.",
    "relief": "A worry has gone, and the author says so.",
    "remorse": "The author regrets something or feels guilty.",
    "sadness": "The author is unhappy or sorrowful.",
    "surprise": "The author did not expect something, and is astonished.",
    "neutral": "The author expresses no emotion.",
}
_VAD = {
    "valence": "How does the author feel? 1 very bad, 5 neither, 9 very good.",
    "arousal": "How stirred is the author? 1 calm or tired, 5 neither, 9 excited or "
    "agitated.",
    "dominance": "How far is the author in control? 1 helpless, 5 neither, 9 in full "
    "control.",
}
_DEFINITIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "frustration": {"frustration": FRUSTRATION},
        "irritation": {"irritation": IRRITATION},
        "ekman": _EKMAN,
        "goemotions": _GOEMOTIONS,
        "vad": _VAD,
    }
)


def define(vocabulary: str, label: str) -> str:
    """Returns what a label means to a rater, in a sentence."""
    own = _DEFINITIONS.get(vocabulary, {}).get(label)
    return own or f"The author expresses {label.replace('_', ' ')}."
