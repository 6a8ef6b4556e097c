"""FacetedRasch beside RaschPy, beside published scores, and on real ratings."""

import gzip
import os
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.given.ratings import Said, column, said, simulated

UPSTREAM = os.environ.get("AFFECTFLOW_UPSTREAM", "")
HATE = (
    "sentiment", "respect", "insult", "humiliate", "status", "dehumanize", "violence",
    "genocide", "attack_defend", "hatespeech",
)  # fmt: skip


@pytest.mark.rotated
@pytest.mark.reference("raschpy")
@pytest.mark.parametrize("way", ["marginal", "conditional"])
def test_severities_and_difficulties_are_those_of_raschpy(way, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import pandas as pd
    from raschpy import MFRM

    made = simulated(300, 4, 4, each=4)
    wide = pd.DataFrame(made.rows.to_pydict()).pivot(
        index=["rater", "person"], columns="item", values="rating"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = MFRM(wide, max_score=3)
        other.calibrate()

    found = said(made.rows, way=way, keep="raters,items")

    severities = column(found, "rater", "severity")
    assert severities == pytest.approx(dict(other.raters_global), abs=0.05)
    difficulties = column(found, "item", "difficulty")
    assert difficulties == pytest.approx(dict(other.items_global), abs=0.05)
    taus = [*column(found, "threshold", "tau").values()]
    assert taus == pytest.approx([*other.thresholds_global], abs=0.05)


@pytest.fixture(scope="module")
def offensiveness(shared_data) -> pa.Table:
    path = shared_data / "popquorn_offensiveness" / "ratings.csv.gz"
    with gzip.open(path) as lines:
        table = pyarrow.csv.read_csv(lines)
    names = {"instance_id": "person", "user_id": "rater", "offensiveness": "rating"}
    chosen = table.select([*names]).rename_columns([*names.values()])
    return pa.table(
        [column.cast(pa.string()) for column in chosen.columns[:2]]
        + [chosen["rating"]],
        names=chosen.schema.names,
    )


@pytest.mark.rotated
def test_severities_foretell_real_ratings_that_were_held_out(offensiveness):
    # Measured once, and written in docs/measures/faceted-rasch.md.
    found = said(offensiveness, keep="items", folds=5)

    held_out = {
        label.removeprefix("held-out "): row["value"]
        for (unit_type, _, label), row in found.items()
        if unit_type == "model"
    }
    assert held_out == {
        "log-likelihood": pytest.approx(-0.981, abs=5e-4),
        "rmse": pytest.approx(0.924, abs=5e-4),
        "log-likelihood without raters": pytest.approx(-1.120, abs=5e-4),
        "rmse without raters": pytest.approx(1.080, abs=5e-4),
    }


def halves(table: pa.Table) -> tuple[Said, Said]:
    persons = pc.unique(table["person"])
    first = np.random.default_rng(5).permutation(len(persons)) % 2 == 0
    own = pc.is_in(table["person"], value_set=persons.filter(pa.array(first)))
    return tuple(
        said(table.filter(half), keep="raters") for half in (own, pc.invert(own))
    )


@pytest.mark.rotated
def test_both_halves_of_real_comments_find_the_same_raters_severe(offensiveness):
    one, other = (column(each, "rater", "severity") for each in halves(offensiveness))

    both = [
        name for name in one if one[name] is not None and other.get(name) is not None
    ]
    r = np.corrcoef([one[n] for n in both], [other[n] for n in both])[0, 1]
    assert len(both) > 250
    assert r > 0.80


@pytest.mark.skipif(not UPSTREAM, reason="AFFECTFLOW_UPSTREAM names no folder")
def test_published_scores_of_hate_speech_are_found():
    (path,) = Path(UPSTREAM).rglob("measuring-hate-speech*.parquet")
    wide = pq.read_table(path)
    rows = pa.concat_tables(
        pa.table(
            {
                "person": wide["comment_id"].cast(pa.string()),
                "rater": wide["annotator_id"].cast(pa.string()),
                "item": pa.repeat(name, wide.num_rows),
                "rating": wide[name].cast(pa.float64()),
            }
        )
        for name in HATE
    )
    theirs = dict(
        zip(
            wide["comment_id"].cast(pa.string()).to_pylist(),
            wide["hate_speech_score"].to_pylist(),
            strict=True,
        )
    )

    ours = column(said(rows, keep="persons"), "person", "measure")

    ranks = [
        np.argsort(np.argsort([scores[name] for name in ours]))
        for scores in (ours, theirs)
    ]
    assert np.corrcoef(*ranks)[0, 1] > 0.95
