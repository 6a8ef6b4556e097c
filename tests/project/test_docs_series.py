"""The page about series: its commands and its snippet work as they stand."""

import shutil

import pytest

from tests.given.docs_tables import ROOT
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "series.md").read_text(encoding="utf-8")
CALL = "WEBVTT\n\n" + "".join(
    f"00:0{n}.000 --> 00:0{n + 1}.000\n<v Ann>It works, {n}.\n\n" for n in range(5)
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "arousal").mkdir()
    (ratings,) = snippets("csv", PAGE)
    (tmp_path / "arousal" / "P16.csv").write_text(ratings)
    (tmp_path / "call.vtt").write_text(CALL)
    (features,) = snippets("arff", PAGE)
    (tmp_path / "call.arff").write_text(features)
    return tmp_path


@pytest.mark.rotated
def test_the_commands_of_the_page_work_in_their_order(folder):
    said = []
    for command in commands(PAGE):
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"
        said.append(done.out)

    raters, gold, avec, *_, cues = said
    assert "P16/FM1" in raters
    assert raters != avec
    # Ten ratings a second, from 2 s on, which is the beginning of the recording.
    assert ",moment,P16@0.400,arousal," in gold
    assert "loudness peaks much more often than usual" in cues
    shutil.rmtree(folder / "lake")


def test_the_snippet_counts_the_windows_of_calmed(capsys):
    (python,) = snippets("python", PAGE)
    exec(python, {})

    assert capsys.readouterr().out == "57012\n"
