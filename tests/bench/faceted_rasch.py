"""FacetedRasch on ratings as many as the corpus of hate speech has, generated.

39,565 persons, 7,912 raters, ten items: `affectflow measure` from Parquet to a lake,
as a whole process on one core. The ratings follow the model; the bench says how far its
severities are from those that they were made of, in standard errors.
"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from affectflow.lake import Lake, open_lake
from affectflow_transforms.measures.rasch.marginal import moments
from tests.bench.measure import ONE_CORE, in_turn, python, show

PERSONS, RATERS, ITEMS = 39_565, 7_912, 10
CALLS = 135_556
"""Persons by raters; each rates all items."""
SEVERITIES = """
SELECT unit_id, value, (high - low) / 3.92 FROM measures WHERE label = 'severity'
"""
HEIGHTS = np.cumsum([0.0, -1.5, -0.5, 0.5, 1.5])


def generated(seed: int = 0) -> tuple[pa.Table, np.ndarray]:
    """Returns ratings from 0 to 4, and the severities that they were made of."""
    random = np.random.default_rng(seed)
    place, severity = random.normal(0, 1.2, PERSONS), random.normal(0, 0.6, RATERS)
    person = np.repeat(np.arange(PERSONS), -(-CALLS // PERSONS))[:CALLS]
    rater = random.permutation(np.arange(CALLS) % RATERS)
    person, rater = np.repeat(person, ITEMS), np.repeat(rater, ITEMS)
    item = np.tile(np.arange(ITEMS), CALLS)
    at = place[person] - severity[rater] - np.linspace(-1, 1, ITEMS)[item]
    shares = moments(at, HEIGHTS, np.arange(5.0)).shares
    rating = (random.random(len(at)) > np.cumsum(shares, axis=0)).sum(axis=0)
    columns = {
        "person": person.astype(str),
        "rater": rater.astype(str),
        "item": item.astype(str),
        "rating": rating.astype(np.float64),
    }
    return pa.table(columns), severity - severity.mean()


def main(runs: int = 1) -> None:
    """Prints seconds and memory, and how far severities are from the true ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.parquet"
        table, severity = generated()
        pq.write_table(table, path)
        print(f"{table.num_rows:,} ratings")
        del table
        lake = Lake.create(str(Path(folder) / "lake"))
        command = python(
            "affectflow", "measure", "FacetedRasch", str(path), "--to", lake.uri
        )
        show(in_turn({"FacetedRasch": command}, runs, ONE_CORE))
        with open_lake(lake.uri) as connection:
            found = connection.sql(SEVERITIES).fetchall()
    z = [(value - severity[int(rater)]) / error for rater, value, error in found]
    print(f"{len(z):,} severities, off by {np.std(z):.3f} standard errors (1 is right)")


if __name__ == "__main__":
    main()
