"""Tab completion, as a shell asks for it."""

from types import SimpleNamespace

import pytest

from affectflow import registry
from affectflow.cli import completing
from affectflow.lake import Lake
from tests.given.command_line import affectflow_process
from tests.given.factories import utterances
from tests.given.stage_runs import store


def test_a_shell_is_given_the_names_that_begin_so():
    asked = {
        "COMP_WORDS": "affectflow mine lake --miner R",
        "COMP_CWORD": "4",
        "_AFFECTFLOW_COMPLETE": "complete_bash",
    }

    assert affectflow_process(**asked).out.split() == ["RankMiner", "RuleMiner"]


@pytest.mark.parametrize(
    ("offer", "begun", "offered"),
    [
        (completing.sources, "git", ["git", "github", "gitlab", "gitter"]),
        (completing.sources, "au", ["auto"]),
        (completing.clusterers, "V", ["VectorClusterer"]),
        (completing.measures, "Group", ["GroupDifference", "GroupGap"]),
        (completing.trainers, "graph", ["graph-eeg"]),
        (completing.prompts, "support", ["support_strategy"]),
        (completing.models, "EmbeddedG", ["EmbeddedGerman"]),
        (completing.miners, "nobody", []),
        (completing.tasks, "fr", ["frustration"]),
        (completing.tasks, "cau", ["causes"]),
        (completing.tasks, "dom", ["dominance"]),
        (completing.plugins, "RenderEmo", ["RenderEmoji", "RenderEmoticons"]),
        (completing.after_plugins, "te", ["test", "text"]),
        (completing.kinds, "m", ["models", "miners", "measures"]),
    ],
)
def test_names_are_completed(offer, begun, offered):
    assert offer(begun) == offered


def test_every_installed_model_is_offered():
    assert set(registry.names("models")) <= set(completing.models(""))


def test_lakes_are_offered_and_folders_to_go_on_in(tmp_path, monkeypatch):
    Lake.create(str(tmp_path / "lake"))
    Lake.create(str(tmp_path / "deeper" / "lake"))
    (tmp_path / ".hidden").mkdir()
    monkeypatch.chdir(tmp_path)

    assert completing.lakes("") == ["deeper/", "lake"]
    assert completing.lakes("deeper/") == ["deeper/lake"]
    assert completing.lakes("nowhere/") == []


def test_runs_of_a_lake_are_offered_with_their_stage(tmp_path):
    lake = str(tmp_path / "lake")
    store(lake, utterances("hello"))

    ((run_id, about),) = completing.runs(SimpleNamespace(params={"lake": lake}), "")

    assert (len(run_id) > 8, about) == (True, "ingest, done")
