"""What an annotator says about one utterance, in addition to or instead of a label."""

import enum


class Status(enum.IntEnum):
    """The column `status` of `annotations`; its values are the names in lower case."""

    OK = 0
    TRUNCATED = 1
    """Labelled, but the end of the text was not read."""
    NO_AUTHOR_TEXT = 2
    """Nothing in it was written by its author; silence is never scored as calm."""
    UNSUPPORTED_LANGUAGE = 3
    REFUSED = 4
    """The row failed and goes to `dead_letters`; it gets no annotation at all."""
    ABSTAINED = 5
    """No label fits: the model said so, or had nothing to compare the message with."""
    UNPARSED = 6
    """The answer could not be read; `raw` keeps it."""
    OUT_OF_VOCABULARY = 7
    """The answer names a label that the vocabulary does not have."""
    UNALIGNED = 8
    """The answer quotes words that are not in the text."""
    GUARDED = 9
    """A guard answered instead of the model."""
    WITHHELD = 10
    """It must not be sent to the machine where the model runs."""
    OUT_OF_RANGE = 11
    """The answer is a number outside the scale."""
    EMPTY = 12
    """The model was asked but gave no answer."""

    @property
    def word(self) -> str:
        """The value of the column."""
        return self.name.lower()

    @property
    def is_answer(self) -> bool:
        """Whether the annotator gave an answer."""
        return self <= Status.TRUNCATED
