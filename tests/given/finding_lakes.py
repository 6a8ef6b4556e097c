"""Lakes of two weeks in which people labelled everything that a model labelled."""

from datetime import UTC, datetime, timedelta

from tests.given.report_lakes import MODEL, annotation, utterance

PERSON = "person:ann"
A_WEEK = 200


def told(i, week, frustrated, speaker):
    """A message, what the model says of it, and what a person does: the same."""
    start = datetime(2024, 1, 1 + 7 * week, tzinfo=UTC)
    spoken = utterance(
        week * A_WEEK + i,
        conversation_id=f"c{week}-{i // 2}",
        speaker_id=speaker,
        speaker_role="member" if i % 2 else "contributor",
        container="one/repo" if i % 4 else "other/repo",
        timestamp=start + timedelta(days=7) * (i + 0.9) / A_WEEK,
        text=f"number {i} of week {week}",
    )
    own = {"task": "frustration", "vocabulary": "frustration", "chosen": frustrated}
    return spoken, [
        annotation(spoken, "neutral"),
        annotation(spoken, "frustration", **own),
        annotation(spoken, "frustration", annotator_id=PERSON, **own),
    ]


def two_weeks(*, by_newcomers):
    """A week with 20 frustrated messages of 200, and one with 80 of 200.

    What the second has more is by people who were not there before, or by the same.
    """
    messages = []
    for i in range(A_WEEK):
        messages.append(told(i, 0, i % 10 == 0, f"old-{i % 20}"))
        is_more = i % 10 in (1, 2, 3)
        new = by_newcomers and is_more
        speaker = f"new-{i % 20}" if new else f"old-{i % 20}"
        messages.append(told(i, 1, is_more or i % 10 == 0, speaker))
    return {
        "utterances": [spoken for spoken, _ in messages],
        "annotations": [row for _, rows in messages for row in rows],
        "annotators": [
            {"annotator_id": MODEL, "kind": "model", "licence": "MIT"},
            {"annotator_id": PERSON, "kind": "person"},
        ],
    }


def validated(tables):
    """The same lake, with what `gold` says of the model."""

    def fit(kind, value, low, high):
        ends = {"value": value, "low": low, "high": high, "n": 400}
        unit = {"unit_type": "annotator", "unit_id": MODEL, "label": "frustration"}
        return {"kind": kind, "fitted_on": "s-1", **unit, **ends}

    return tables | {
        "measures": [
            fit("validation", 1.0, 0.96, 1.0),
            fit("precision", 1.0, 0.96, 1.0),
            fit("prevalence", 0.25, 0.2, 0.3),
        ]
    }
