"""Labels in the spelling of the data sets."""

from collections.abc import Mapping, Sequence

from affectflow.schemas import Status
from affectflow.sources.labels import Cause, Said
from affectflow.vocabularies import get


def one_label(
    rater: str,
    spelt: str | None,
    spellings: Mapping[str, str],
    vocabulary: str,
    causes: Sequence[Cause] | None = None,
) -> Said | None:
    """Returns the answer of one label; None if no one was asked.

    Args:
      rater: whose answer it is.
      spelt: the label, in any case.
      spellings: to a label of the vocabulary, from what some rows have in its place.
      vocabulary: the name of the label set.
      causes: of that label.
    """
    word = (spelt or "").strip().lower()
    if not word:
        return None
    label = spellings.get(word, word)
    if label not in get(vocabulary).labels:
        return Said(rater, status=Status.OUT_OF_VOCABULARY, raw=spelt)
    raw = spelt if word in spellings else None
    return Said(rater, [label], causes, raw=raw)
