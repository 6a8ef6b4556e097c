"""ShiftAlong and AnonymizeVector: other vectors for those of another annotator."""

import numpy as np
import pyarrow as pa
import pytest

from affectflow import testing
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.schemas import UTTERANCES, VECTORS_COLUMN, fields
from affectflow_transforms.vectors.directions import Directions
from affectflow_transforms.vectors.shift import AnonymizeVector, ShiftAlong

NAN = float("nan")


def batch(*rows: tuple[str | None, list[list[float]]]) -> pa.RecordBatch:
    """Returns utterances of (speaker, vectors by `voice@1`)."""
    schema = pa.schema(
        [*fields(UTTERANCES, "utterance_id", "speaker_id"), VECTORS_COLUMN]
    )
    given = [
        {
            "utterance_id": f"u:{place}",
            "speaker_id": speaker,
            "vectors": [
                {"annotator_id": "voice@1", "modality": "voice", "vector": vector}
                for vector in vectors
            ],
        }
        for place, (speaker, vectors) in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(given, schema)


@pytest.fixture
def files(tmp_path):
    """Returns a key, and directions of vectors that are four wide."""
    (tmp_path / "key").write_bytes(b"0123456789abcdef0123456789abcdef\n")
    known = Directions(
        labels=("angry", "sad"),
        normals=np.array([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]]),
        offsets=np.zeros(2),
        distances=np.array([30.0, 40.0]),
    )
    (tmp_path / "directions.json").write_text(known.to_json())
    return {
        "key": str(tmp_path / "key"),
        "directions": str(tmp_path / "directions.json"),
    }


def own(model, given) -> list[list[list[float]]]:
    """Returns the new vectors of each row."""
    new = model.apply(given, model.load_model()).column("vectors").to_pylist()
    name = model.annotator()["annotator_id"]
    return [[v["vector"] for v in row if v["annotator_id"] == name] for row in new]


def test_shift_along_moves_the_vectors_of_another(files):
    model = ShiftAlong(over="voice@1", directions=files["directions"], label="angry")
    given = batch(("ann", [[0, 2, 0, 0]]), ("bob", []), ("bob", [[1, 0, 0, 0]]))

    assert own(model, given) == [[[30, 2, 0, 0]], [], [[30, 0, 0, 0]]]
    other = ShiftAlong(over="face@1", directions=files["directions"], label="angry")
    assert own(other, given) == [[], [], []]


def test_a_distance_that_is_said_wins(files):
    model = ShiftAlong(directions=files["directions"], label="sad", distance=3)

    assert own(model, batch(("ann", [[0, 2, 0, 0]]))) == [[[-3, 2, 0, 0]]]


def test_anonymize_vector_turns_by_speaker_and_restores_the_emotion(files):
    given = batch(*(("ann" if n % 2 else "bob", [[1, n, 2, 1]]) for n in range(6)))

    plain = own(AnonymizeVector(key=files["key"]), given)
    kept = own(AnonymizeVector(**files), given)

    assert np.linalg.norm(np.array(plain)[:, 0], axis=1) == pytest.approx(2)
    assert np.array(kept)[:, 0, 0] == pytest.approx(30, abs=1e-5)
    each = own(AnonymizeVector(key=files["key"], per="utterance"), given)
    assert each != plain


def test_another_key_is_another_annotator_and_is_not_in_its_row(files, tmp_path):
    (tmp_path / "other").write_bytes(b"f" * 32)
    (tmp_path / "moved").write_bytes((tmp_path / "key").read_bytes())

    one, other, again = (
        AnonymizeVector(key=str(tmp_path / name)).annotator()
        for name in ("key", "other", "moved")
    )

    assert one["annotator_id"] != other["annotator_id"]
    assert one["annotator_id"] == again["annotator_id"]
    assert "0123456789abcdef" not in one["parameters"]


def test_vectors_that_cannot_be_turned_are_counted(files):
    odd = [[1, 1, 1, 1], [1, 1], [0, 0, 0, 0], [NAN, 1, 1, 1]]
    given = batch(("ann", odd), ("bob", [[1, 2, 3, 4]]))

    with open_account() as account:
        found = own(AnonymizeVector(key=files["key"]), given)

    assert [len(row) for row in found] == [1, 1]
    assert dict(account.tallied) == {
        "no_vector_other_width": 1,
        "no_vector_not_a_number": 1,
        "no_vector_without_length": 1,
    }


def test_they_keep_what_models_promise(files):
    given = batch(("ann", [[1, 2, 3, 4]]), (None, [[4, 3, 2, 1]]), ("bob", []))

    testing.check_model(AnonymizeVector(**files), given)
    directions = files["directions"]
    testing.check_model(ShiftAlong(directions=directions, label="sad"), given)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda f: AnonymizeVector(), "make one with python", id="no key"),
        pytest.param(
            lambda f: AnonymizeVector(key=f["key"] + "x"), "cannot", id="no file"
        ),
        pytest.param(
            lambda f: AnonymizeVector(key=f["key"], per="day"),
            "`per` must be",
            id="per",
        ),
        pytest.param(
            lambda f: ShiftAlong(directions=f["directions"], label="joy"),
            "no direction 'joy'; known: angry, sad",
            id="no such emotion",
        ),
        pytest.param(
            lambda f: ShiftAlong(), "--set directions=FILE", id="no directions"
        ),
        pytest.param(
            lambda f: ShiftAlong(directions=f["key"]),
            "is not a file of directions",
            id="key",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(make, said, files):
    with pytest.raises((UsageError, OSError), match=said) as raised:
        make(files)

    assert "\n" not in str(raised.value)


def test_vectors_of_another_width_than_the_directions_are_one_line(files):
    model = ShiftAlong(directions=files["directions"], label="sad")

    with pytest.raises(
        UsageError, match="directions of 4 numbers, but the vectors have 2"
    ):
        model.predict(batch(("ann", [[1, 2]])), model.load_model())
