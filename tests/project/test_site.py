"""The site is built from the pages as they are; nothing in it comes from elsewhere."""

import re
import subprocess
import sys

import pytest

from tests.given.code_map import ORDER, PICTURE, imports, picture
from tests.given.docs_tables import ROOT

BUILD = "-m mkdocs build --quiet --strict -f"
LOADED = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["']?(https?:)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    where = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            sys.executable,
            *BUILD.split(),
            str(ROOT / "docs/mkdocs.yml"),
            "-d",
            str(where),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": ""},
    )
    assert built.returncode == 0, built.stderr
    return where


def test_every_page_is_in_the_navigation_and_every_link_holds(site):
    # `--strict` fails otherwise: `docs/mkdocs.yml` names what counts as a warning.
    pages = {p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")}

    assert pages
    assert all((site / page.with_suffix(".html")).is_file() for page in pages)


def test_no_page_loads_anything_from_elsewhere(site):
    loading = [
        page.name for page in site.rglob("*.html") if LOADED.search(page.read_text())
    ]

    assert loading == []


def test_llms_txt_names_every_page_with_a_sentence(site):
    lines = (site / "llms.txt").read_text().splitlines()
    named = [re.match(r"- \[.+\]\((.+)\): (.+)", line) for line in lines]
    pages = list((ROOT / "docs").rglob("*.md"))

    said = [found[2] for found in named if found]
    assert len(said) == len(pages)
    assert not [each for each in said if "```" in each or "](" in each]
    assert not [each for each in said if each[0].islower() and "affectflow" not in each]


def test_the_picture_of_imports_is_current():
    assert PICTURE.read_text(encoding="utf-8") == picture(imports())


def test_no_package_imports_one_that_stands_above_it():
    above = [
        (importer, imported)
        for importer, imported in imports()
        if ORDER.index(imported) > ORDER.index(importer)
    ]

    assert above == []
