"""Turns of conversations that the annotator `a` has labelled."""

import pyarrow as pa

from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields

COLUMNS = pa.schema(
    [
        *fields(UTTERANCES, "conversation_id", "speaker_id", "timestamp"),
        ANNOTATIONS_COLUMN,
    ]
)


def turns(*rows):
    """Returns turns `(conversation, speaker, vocabulary, [(label, score), ...])`."""
    said = [
        {
            "conversation_id": conversation,
            "speaker_id": speaker,
            "annotations": [
                {
                    "annotator_id": "a",
                    "task": "emotion",
                    "vocabulary": vocabulary,
                    "label": label,
                    "score": score,
                    "chosen": True,
                    "status": "ok" if label else "no_author_text",
                }
                for label, score in answers
            ],
        }
        for conversation, speaker, vocabulary, answers in rows
    ]
    return pa.RecordBatch.from_pylist(said, schema=COLUMNS)
