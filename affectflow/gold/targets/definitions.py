"""What raters read of each label: one sentence, in words of everyday."""

from affectflow.vocabularies import get, known

FRUSTRATION = (
    "The author expresses their own displeasure at a blocked or delayed goal. Not "
    "hostility alone, not a calm report of a defect, not what somebody else felt."
)


def define(vocabulary: str, label: str) -> str:
    """Returns what a label means to a rater, in a sentence."""
    if vocabulary == label == "frustration":
        return FRUSTRATION
    own = get(vocabulary).definitions.get(label) if vocabulary in known() else ""
    return own or f"The author expresses {label.replace('_', ' ')}."
