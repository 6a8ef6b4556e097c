import sys

import pytest

from affectflow import source_code
from affectflow.source_code import code_digest

MODULE = "whims.themes.grouping"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of somebody's, imported, with a word list beside its module."""
    folder = tmp_path / "whims"
    for name in ("themes", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "themes" / "__init__.py").write_text("")
    (folder / "themes" / "grouping.py").write_text("SIZE = 2")
    (folder / "themes" / "words.txt").write_text("bug\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__(MODULE)
    yield folder
    for name in [name for name in sys.modules if name.startswith("whims")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    [
        "themes/grouping.py",
        "themes/words.txt",
        "another.py",
        "data/labels.toml",
        "data/view.sql",
    ],
)
def test_another_text_in_a_file_is_other_code(package, name):
    before = code_digest(MODULE)
    assert code_digest(MODULE) == before

    (package / name).write_text("SIZE = 3")

    assert code_digest(MODULE) not in ("", before)


def test_where_the_code_lies_does_not_matter(package, tmp_path, monkeypatch):
    before = code_digest(MODULE)
    moved = package.rename(tmp_path / "whims_elsewhere")
    for name in ("whims", MODULE):
        file = "__init__.py" if name == "whims" else "themes/grouping.py"
        monkeypatch.setattr(sys.modules[name], "__file__", str(moved / file))

    assert code_digest(MODULE) == before


def test_another_version_of_a_library_is_other_code(package, monkeypatch):
    before = code_digest(MODULE)

    monkeypatch.setattr(source_code, "_libraries", lambda: ["altair 99"])

    assert code_digest(MODULE) not in ("", before)


def test_code_that_is_in_no_package_cannot_be_told(tmp_path, monkeypatch):
    (tmp_path / "alone.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("alone")

    assert code_digest("alone") == ""
    assert code_digest("never_imported") == ""
