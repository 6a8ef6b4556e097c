"""README's pictures can be drawn again at any time."""

import struct

import pytest

from tests.given.chromium import browser
from tests.given.pictures import DOCS, SIZES, draw

pytestmark = [pytest.mark.browser, pytest.mark.rotated]


def size_of(picture):
    return struct.unpack(">II", picture.read_bytes()[16:24])


def test_the_pictures_of_the_readme_are_drawn_from_the_demo(demo, chromium, tmp_path):
    _, lake = demo
    with browser(chromium, tmp_path / "profile", tmp_path) as tab:
        drawn = draw(tab, lake, tmp_path)
        assert tab.complaints == []

    assert {each.stem: size_of(each) for each in drawn} == SIZES
    # A page that is blank is a few kilobytes.
    assert min(each.stat().st_size for each in drawn) > 50_000


def test_the_pictures_in_docs_are_of_these_sizes():
    assert {name: size_of(DOCS / f"{name}.png") for name in SIZES} == SIZES
