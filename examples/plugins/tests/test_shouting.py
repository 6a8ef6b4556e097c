import pyarrow as pa
import pytest
from affectflow_examples.shouting import MarkShouting

from affectflow.testing import check_transform, run


def shouting(texts, **options):
    batch = pa.record_batch({"text": pa.array(texts, pa.string())})
    return MarkShouting(**options).apply(batch)["shouting"].to_pylist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("STOP IT NOW", True, id="capitals"),
        pytest.param("stop it now", False, id="small letters"),
        pytest.param("ASSEZ, ÇA SUFFIT!!", True, id="accents are letters"),
        pytest.param("LGTM", False, id="an abbreviation"),
        pytest.param("ABCDEFGxyz", True, id="seven of ten"),
        pytest.param("ABCDEFwxyz", False, id="six of ten"),
        pytest.param("123 !!!", False, id="no letters"),
        pytest.param("", False, id="empty"),
        pytest.param(None, False, id="no text"),
    ],
)
def test_a_text_is_shouted_if_most_letters_are_capitals(text, expected):
    assert shouting([text]) == [expected]


def test_the_share_is_the_callers_choice():
    assert shouting(["HELLO there"], share=0.5) == [True]


def test_it_keeps_what_every_transform_promises():
    check_transform(MarkShouting(), pa.record_batch({"text": ["A", None]}))


def test_it_runs_in_a_pipeline():
    out = run(MarkShouting(), pa.record_batch({"text": ["WHY NOT THIS"]}))

    assert out["shouting"].to_pylist() == [True]
