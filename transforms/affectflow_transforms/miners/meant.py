"""Whether a message means what a model took it to say."""

import functools
import re

from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.phrases.emotions import ASKING, LABELS
from affectflow_transforms.miners.phrases.stock import RHETORICAL, STOCK
from affectflow_transforms.miners.scene import any_of

_OWN_KIND = {"optimism": "hope", "love": "love"}
_RHETORICAL = re.compile(RHETORICAL)
_STOCK = {
    name: (re.compile(rf"\b(?:{phrase})"), any_of(words))
    for name, (phrase, words) in STOCK.items()
}


def is_meant(reading: Reading, label: str) -> bool:
    """Returns whether an emotion that a model chose may be there.

    It is not if all that names it is a stock phrase ("hope this helps"), or, for
    curiosity and confusion, if every question is a complaint ("why on earth ...?").
    """
    if label in ASKING:
        return not _only_complains(reading)
    kind = _STOCK.get(_kind(label))
    if kind is None:
        return True
    phrase, words = kind
    rest, found = phrase.subn(" ", reading.masked)
    return not found or words.search(rest) is not None


@functools.cache
def _kind(label: str) -> str:
    return _OWN_KIND.get(label, LABELS[label][0])


def _only_complains(reading: Reading) -> bool:
    asked = [s for s in reading.sentences if "?" in s.terminator]
    return bool(asked) and all(
        _RHETORICAL.search(reading.masked, each.start, each.end) for each in asked
    )
