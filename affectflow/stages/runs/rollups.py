"""The table `rollups`: counts of the annotations of one part."""

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import ROLLUPS


def rollups(annotations: pa.RecordBatch) -> pa.Table:
    """Returns counts of annotations by day, place, annotator, task and label.

    `n` counts the utterances that this annotator answered with a label that day in
    that place, whatever the label; `chosen` those whose answer holds the label.
    """
    labelled = annotations.filter(pc.is_valid(annotations.column("label")))
    day = labelled.column("timestamp").cast(pa.date32())
    # The raw shares of labels cannot come from the stored rows alone: low scores are
    # not stored. So every label of a group gets the group's count of answers.
    keys = ["day", "source", "container", "annotator_id", "task"]
    table = pa.table(
        {
            "day": day,
            **{name: labelled.column(name) for name in keys[1:]},
            "label": labelled.column("label"),
            "utterance_id": labelled.column("utterance_id"),
            "chosen": labelled.column("chosen").cast(pa.int64()),
            "score": labelled.column("score").cast(pa.float64()),
        }
    )
    answered = table.group_by(keys, use_threads=False).aggregate(
        [("utterance_id", "count_distinct")]
    )
    by_label = table.group_by([*keys, "label"], use_threads=False).aggregate(
        [("chosen", "sum"), ("score", "sum")]
    )
    return _with_n(by_label, answered, keys)


def _with_n(by_label: pa.Table, answered: pa.Table, keys: list[str]) -> pa.Table:
    import polars as pl

    joined = pl.DataFrame(by_label).join(
        pl.DataFrame(answered), on=keys, how="left", nulls_equal=True
    )
    columns = {
        "utterance_id_count_distinct": "n",
        "chosen_sum": "chosen",
        "score_sum": "score_sum",
    }
    named = joined.rename(columns).sort([*keys, "label"])
    return named.select(ROLLUPS.names).to_arrow().cast(ROLLUPS)
