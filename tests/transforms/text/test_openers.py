"""What says cheaply where rules may begin keeps in step with the rules.

Each opener writes texts that it matches; the cheap tests have to let them through.
"""

import re

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow_transforms.cues import emoticons
from affectflow_transforms.cues.wording import wording
from affectflow_transforms.text.segments import blocks, find_segments, inline, personal
from tests.given import personal as given_personal

FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=60)
GROUP_OF = {name: n for n, group in enumerate(blocks._GROUPS) for name in group}
WITHIN = [f for f in blocks._FAMILIES.values() if f.opener[0] != "^"]
TESTED = [f for f in blocks._FAMILIES.values() if GROUP_OF[f.name]]


def texts_of(pattern):
    """Returns a strategy of texts that a pattern matches."""
    return st.from_regex(pattern, alphabet=st.characters(codec="utf-8"))


def name_of(family):
    return family.name


@pytest.mark.parametrize("family", WITHIN, ids=name_of)
@MANY
@given(data=st.data())
def test_families_that_open_no_line_begin_where_they_are_looked_for(family, data):
    opener = re.compile(family.opener, re.M)
    text = data.draw(texts_of(opener))

    begins = {sign.start() for sign in blocks._BEGINS.finditer(text)}

    assert begins.issuperset(found.start() for found in opener.finditer(text))


@pytest.mark.parametrize("family", TESTED, ids=name_of)
@FEW
@given(data=st.data())
@pytest.mark.rotated
def test_no_family_is_passed_over_that_would_find_something(family, data):
    text = data.draw(texts_of(re.compile(family.opener, re.M)))

    (bits,) = blocks.families(pa.array([text])).tolist()

    assert find_segments(text, bits=bits) == find_segments(text)


@MANY
@given(text=texts_of(inline._OPENER))
def test_what_stands_within_a_line_begins_where_it_is_looked_for(text):
    begins = {*inline._begins(text, 0, len(text))}

    assert begins.issuperset(found.start() for found in inline._OPENER.finditer(text))


@pytest.mark.parametrize("face", wording("emoticons"))
@FEW
@given(data=st.data())
def test_faces_begin_where_they_are_looked_for(face, data):
    drawn = data.draw(st.from_regex(face, fullmatch=True))

    assert re.match(emoticons._FIRST, drawn)


def test_no_personal_data_stand_in_a_text_that_detectors_pass_over():
    texts = [item.text for item in given_personal.items()]
    bits = personal.detectors(pa.array(texts)).tolist()

    def masked(text, bits):
        return personal.mask_personal(text, [], mentions=True, chat=True, bits=bits)

    for text, of_text in zip(texts, bits, strict=True):
        assert masked(text, of_text) == masked(text, personal.ALL)
