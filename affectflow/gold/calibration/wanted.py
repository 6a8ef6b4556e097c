"""Which annotators to calibrate, and errors if that is impossible."""

from collections.abc import Sequence

from affectflow.errors import AffectflowError, LakeError, UsageError
from affectflow.gold.asking.sampling import enough_after
from affectflow.gold.calibration.kept import Calibration
from affectflow.lake import Lake, open_lake
from affectflow.lake.naming import annotator_meant
from affectflow.schemas import PEOPLE

# People are the reference; renderers and miners label nothing.
_KNOWN = f"""
SELECT DISTINCT annotator_id, annotator_id IN {PEOPLE} AS is_person
FROM annotations WHERE annotator_id IS NOT NULL ORDER BY 1
"""


def annotators(lake: Lake, wanted: str = "") -> list[str]:
    """Returns the annotators that are not people, or the one that is wanted.

    Raises:
      LakeError: only people annotated, or no one.
      UsageError: there is no such annotator, or it is a person.
    """
    with open_lake(lake.uri) as connection:
        rows = connection.execute(_KNOWN).fetchall()
        models = [name for name, is_person in rows if not is_person]
        if (wanted, True) in rows:
            raise UsageError(
                f"{wanted!r} is a person, and people's answers are what models are "
                f"calibrated against; name one of {models} with --annotator"
            )
        if not models:
            raise LakeError(
                f"no model annotated {lake.uri!r}, so there is no score to calibrate: "
                f"first run `affectflow annotate {lake.uri}`"
            )
        return [annotator_meant(connection, wanted, models)] if wanted else models


def check_fit(lake: Lake, found: Sequence[str], fitted: Sequence[Calibration]) -> None:
    """Checks that a fit gives some annotator some probability.

    Args:
      lake: that holds scores and answers.
      found: the annotators that were asked for.
      fitted: the calibrations of those with answers of people.

    Raises:
      LakeError: nobody answered anything.
      UsageError: there are no answers for what was scored, or too few for every label.
    """
    if not fitted:
        raise _no_answers(lake, found)
    if not any(label.curve for each in fitted for label in each.labels):
        label = max(
            (label for each in fitted for label in each.labels),
            key=lambda label: min(label.positives, label.n - label.positives),
        )
        raise UsageError(
            f"too few answers for every label; the nearest is {label.label!r}: "
            f"{label.note}; label more: `affectflow sample {lake.uri} --task "
            f"{label.task} --n {enough_after(label.n)} --out sheet.csv`, then "
            "`affectflow gold`"
        )


def _no_answers(lake: Lake, found: Sequence[str]) -> AffectflowError:
    with open_lake(lake.uri) as connection:
        people = connection.execute(
            "SELECT DISTINCT task, vocabulary FROM annotations "
            f"WHERE annotator_id IN {PEOPLE} ORDER BY ALL"
        ).fetchall()
    if not people:
        return LakeError(
            f"{lake.uri!r} has no labels by people; draw a sheet with `affectflow "
            f"sample {lake.uri} --out sheet.csv`, fill it in, and import it with "
            f"`affectflow gold {lake.uri} sheet.csv`"
        )
    asked = ", ".join(f"{task}/{vocabulary}" for task, vocabulary in people)
    return UsageError(
        f"people labelled {asked} here, but {', '.join(found)} scored none of those "
        "labels on the same messages: ask people for labels that a model gives "
        f"(affectflow sample {lake.uri} --labels NAME), or annotate those messages"
    )


def nothing_to_apply(lake: Lake) -> AffectflowError:
    """Returns the error of a lake without a calibration."""
    return LakeError(
        f"{lake.uri!r} has no calibration to apply: fit one with `affectflow calibrate "
        f"{lake.uri}`"
    )
