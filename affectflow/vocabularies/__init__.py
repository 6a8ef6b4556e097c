"""Label sets, and the folds between them, as data."""

from affectflow.vocabularies.reader import (
    Fold,
    Vocabulary,
    fold,
    folds,
    get,
    known,
    members,
    recognise,
)

__all__ = [
    "Fold",
    "Vocabulary",
    "fold",
    "folds",
    "get",
    "known",
    "members",
    "recognise",
]
