"""`affectflow.analyze`: the command of that name, in Python."""

import inspect

import pytest

import affectflow
from affectflow.cli import pipelines
from affectflow.cli.declaring import declaring
from affectflow.errors import UsageError
from affectflow.stages.runs import showing

MAPPING = {"text": "body", "utterance_id": "id"}
SPELT_OTHERWISE = {
    "settings": {"options", "source_options", "miner_options", "clusterer_options"},
    "mapping": {"source_options"},
    "records": {"source_options"},
    "include_private": {"source_options"},
    "keep_deleted": {"source_options"},
}
"""Options of the command that are keys of a mapping in Python."""
OF_THE_REPORT = {"out"}
"""`OpenLake.report` takes it."""
OF_PYTHON = {"progress", "beam_options"}


@pytest.fixture
def posts(tmp_path):
    file = tmp_path / "posts.csv"
    file.write_text("id,body\n1,this is so annoying!\n2,thank you!\n")
    return file


def test_it_takes_every_option_of_the_command_by_its_name():
    command = set(inspect.signature(declaring(pipelines.analyze)).parameters)
    ours = set(inspect.signature(affectflow.analyze).parameters)

    same = command - set(SPELT_OTHERWISE) - OF_THE_REPORT
    keys = {name for names in SPELT_OTHERWISE.values() for name in names}
    assert same <= ours
    assert ours - same == keys | OF_PYTHON


@pytest.mark.rotated
def test_it_gives_the_open_lake_of_a_file_and_does_nothing_twice(
    posts, tmp_path, capfd, monkeypatch
):
    given = {"to": tmp_path / "lake", "source_options": {"mapping": MAPPING}}
    monkeypatch.setattr(showing, "LINE_EVERY_S", 0.1)

    with affectflow.analyze(posts, **given, progress=False) as lake:
        labels = lake.sql(
            "SELECT label FROM emotions WHERE task = 'emotion' ORDER BY 1"
        )
        assert labels.fetchall() == [("annoyance",), ("gratitude",)]
    assert capfd.readouterr() == ("", "")
    why = {"purpose": "a test", "context": "research"}
    again = affectflow.analyze(str(posts), source="csv", reread=True, **why, **given)
    with again as lake:
        runs = "SELECT rows_unchanged, purpose FROM runs WHERE stage = 'ingest'"
        assert sorted(lake.sql(runs).fetchall()) == [(0, ""), (2, "a test")]
    assert "ingest: " in capfd.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"source": "githb"}, "githb"),
        ({"model": "EmbededEmotions"}, "did you mean 'EmbeddedEmotions'"),
        ({"prompt": "phq8"}, "unknown option `prompt`"),
        ({"miner_options": {"histroy": 1}}, "did you mean `history`"),
        ({"clusterer_options": {"min_sise": 1}}, "did you mean `min_size`"),
        ({"context": "wrkplace"}, "did you mean 'workplace'"),
        ({"allow_person_level": True}, "needs --purpose"),
        ({"conversations": "30m"}, "must be pause=30m"),
        ({"annotator": "somebody"}, "somebody"),
    ],
)
def test_what_is_wrong_is_said_before_a_lake_is_made(posts, tmp_path, more, said):
    with pytest.raises(UsageError, match=said):
        affectflow.analyze(posts, to=tmp_path / "lake", **more)

    assert not (tmp_path / "lake").exists()
