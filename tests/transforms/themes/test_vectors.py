"""VectorClusterer: causes whose utterances have vectors that point alike."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.cluster import DBSCAN

from affectflow.errors import UsageError
from affectflow.schemas import VECTORS
from affectflow.steps import themes as hosting
from affectflow.testing import check_clusterer
from affectflow_transforms.themes.vectors import VectorClusterer

PAPER = VectorClusterer(style="paper-11")
ALONE = 6
"""So many of the thirty vectors point where no other does."""


def thirty() -> Any:
    """Returns two clusters, of 9 and 8, one too small, of 7, and some alone."""
    chance = np.random.default_rng(11)
    centres = np.eye(12)[:3].repeat([9, 8, 7], axis=0)
    near = centres + chance.normal(scale=0.12, size=centres.shape)
    return np.concatenate([near, np.eye(12)[3 : 3 + ALONE]]).astype(np.float32)


def causes(vectors: Any, **columns: Any) -> pa.Table:
    count = len(vectors)
    return pa.table(
        {
            "cause_id": [f"k{number:03d}" for number in range(count)],
            "family": ["frustration"] * count,
            "cause_text": [f"the build of part{n}" for n in range(count)],
            "summary": pa.nulls(count, pa.string()),
            "conversation_id": [f"c{number}" for number in range(count)],
            "vector": pa.array(list(vectors), VECTORS.field("vector").type),
            **columns,
        }
    )


def test_clusters_are_those_of_the_paper() -> None:
    vectors = thirty()
    scan = DBSCAN(eps=0.3, min_samples=4, metric="cosine").fit_predict(vectors)
    sizes = np.bincount(scan[scan >= 0])

    themes, members = hosting.cluster(PAPER, causes(vectors))

    assert sorted(sizes) == [7, 8, 9]
    assert sorted(themes["size"].to_pylist()) == [8, 9]
    of = dict(
        zip(
            members["cause_id"].to_pylist(),
            members["theme_id"].to_pylist(),
            strict=True,
        )
    )
    large = [n for n, group in enumerate(scan) if group >= 0 and sizes[group] > 7]
    assert sorted(of) == [f"k{number:03d}" for number in large]
    pairs = {(scan[number], of[f"k{number:03d}"]) for number in large}
    assert len(pairs) == 2


def test_people_do_not_count_in_the_style_of_the_paper_and_do_otherwise() -> None:
    rows = causes(thirty(), speaker_id=["ann"] * 30)
    ours = VectorClusterer(min_samples=4, min_size=8)

    assert hosting.cluster(PAPER, rows)[0].num_rows == 2
    assert hosting.cluster(ours, rows)[0].num_rows == 0


def test_it_keeps_what_every_clusterer_promises() -> None:
    assert check_clusterer(PAPER, causes(thirty())).num_rows == 2


def test_causes_without_a_usable_vector_are_in_no_theme() -> None:
    vectors: list[Any] = list(thirty()[:9])
    vectors[:3] = [None, np.zeros(12, np.float32), np.full(12, np.nan, np.float32)]
    vectors[3] = np.ones(3, np.float32)
    odd = VectorClusterer(min_size=2)

    _, members = hosting.cluster(odd, causes(vectors))

    assert sorted(members["cause_id"].to_pylist()) == [f"k{n:03d}" for n in range(4, 9)]


def test_causes_beyond_the_sample_join_the_nearest_core() -> None:
    vectors = np.concatenate([thirty()[:-ALONE]] * 10)

    _, members = hosting.cluster(VectorClusterer(fitted=150), causes(vectors))

    assert members.num_rows == 240


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style": "paper-12"}, "unknown style 'paper-12'; known: 'paper-11'"),
        ({"eps": 0.0}, "`eps` must be above 0"),
        ({"min_samples": 0}, "`min_samples` at least 1"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        VectorClusterer(**options)
