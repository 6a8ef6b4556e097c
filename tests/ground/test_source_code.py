import sys

import pytest

from affectflow import source_code
from affectflow.source_code import code_digest


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of somebody's, imported, with a word list beside its module."""
    folder = tmp_path / "whims"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "grouping.py").write_text("SIZE = 2")
    (folder / "words.txt").write_text("bug\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("whims.grouping")
    yield folder
    for name in [name for name in sys.modules if name.startswith("whims")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["grouping.py", "words.txt", "another.py"])
def test_another_text_in_any_file_is_other_code(package, name):
    before = code_digest("whims.grouping")
    assert code_digest("whims.grouping") == before

    (package / name).write_text("SIZE = 3")

    assert code_digest("whims.grouping") not in ("", before)


def test_where_the_code_lies_does_not_matter(package, tmp_path, monkeypatch):
    before = code_digest("whims.grouping")
    moved = package.rename(tmp_path / "whims_elsewhere")
    for name in ("whims", "whims.grouping"):
        file = "__init__.py" if name == "whims" else "grouping.py"
        monkeypatch.setattr(sys.modules[name], "__file__", str(moved / file))

    assert code_digest("whims.grouping") == before


def test_another_version_of_a_library_is_other_code(package, monkeypatch):
    before = code_digest("whims.grouping")

    monkeypatch.setattr(source_code, "_libraries", lambda: ["altair 99"])

    assert code_digest("whims.grouping") not in ("", before)


def test_code_that_is_in_no_package_cannot_be_told(tmp_path, monkeypatch):
    (tmp_path / "alone.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("alone")

    assert code_digest("alone") == ""
    assert code_digest("never_imported") == ""
