"""Pairs of answers of models and a baseline, and what LengthControlled says of them."""

import math

import numpy as np
import pyarrow as pa

from affectflow_transforms.measures.length_controlled import LengthControlled

# Of the seeded table: what is true of it, and what alpaca_eval 0.6.6 says of it.
TRUTH, RAW = 0.429065, 0.7092603
PUBLISHED = {"minimal": 0.428776, "noreg": 0.429140, "v1": 0.413806}
STRENGTHS = {"weak": -1.0, "m": 0.0, "strong": 1.0}


def said(rows, **options) -> dict[tuple[str, str], dict]:
    measure = LengthControlled(**options)
    batch = pa.RecordBatch.from_pylist(list(rows), schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in found if r["unit_type"]}


def value(rows, label="length_controlled", of="m vs b", **options) -> float | None:
    return said(rows, **options)[of, label]["value"]


def pairs(table, *, standard: bool) -> list[dict]:
    """Returns the rows of the seeded table, and the gamed ones if differences are."""
    own = -table["standard"] if standard else table["model"]
    other = 0 * own if standard else table["baseline"]
    rows = [
        *(("m", own, other, table["preference"]),),
        *(
            (
                str(place),
                -table["gamed"][place],
                0 * own,
                table["gamed_preference"][place],
            )
            for place in (range(2) if standard else ())
        ),
    ]
    return [
        {
            "item": str(item),
            "model": model,
            "baseline": "b",
            "preference": float(preference[item]),
            "length": float(lengths[item]),
            "baseline_length": float(others[item]),
            "difficulty": float(table["difficulty"][item]),
            "gamed": str(model != "m"),
        }
        for model, lengths, others, preference in rows
        for item in range(len(lengths))
    ]


def planted(strengths, items: int = 200, slope: float = -1.5, seed: int = 3):
    """Yields pairs of models whose strengths, and slope of the length, are known."""
    draw = np.random.default_rng(seed)
    difficulty = draw.normal(size=items)
    for name, strength in strengths.items():
        # The stronger writes less, so the raw order is not the true one.
        off = draw.normal(strength / 2, 1, items)
        standard = off / off.std(ddof=1)
        logit = strength + slope * np.tanh(standard) + difficulty
        for item in range(items):
            yield {
                "item": str(item),
                "model": name,
                "baseline": "b",
                "preference": 1 / (1 + math.exp(-logit[item])),
                "length": 1000 - 100 * off[item],
                "baseline_length": 1000.0,
            }
