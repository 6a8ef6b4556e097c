"""The hint for a model whose values are not on the scale that was given."""

import pytest

from affectflow import stages
from affectflow.cli.scales import off_scale
from tests.given.factories import utterances
from tests.given.stage_runs import counts, store
from tests.given.tiny_classifier import save_tiny


@pytest.mark.torch
@pytest.mark.parametrize(
    ("scale", "counted", "hint"),
    [
        pytest.param("0,1", "out_of_range", "are from -2.4 to -2.4: give", id="0 to 1"),
        pytest.param("-3,3", "labelled", "", id="its own"),
    ],
)
@pytest.mark.proof
def test_most_values_outside_the_scale_give_a_hint(tmp_path, scale, counted, hint):
    lake, folder = str(tmp_path / "lake"), str(tmp_path / "head")
    store(lake, utterances("good", "this is broken", ""))
    save_tiny(folder, ("valence",), planted=(-2.4,), problem_type="regression")

    options = {"scale": scale, "dtype": "float32"}
    row = stages.annotate_lake(lake, model=folder, options=options)

    assert dict(row["counters"]) == {counted: 2, "silent": 1}
    assert counts(row) == {"in": 3, "out": 3}
    assert hint in off_scale(lake, row)
    assert bool(hint) == bool(off_scale(lake, row))
