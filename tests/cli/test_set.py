"""`--set NAME=VALUE` reaches the plugins of a command."""

import json
from pathlib import Path

import pytest

from tests.given.command_line import affectflow
from tests.given.refusals import GOOD, ingest, one_line
from tests.given.stage_runs import ask


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    folder = tmp_path_factory.mktemp("set")
    file = folder / "input.jsonl"
    file.write_text(GOOD)
    assert ingest(file, folder / "lake").code == 0
    return folder / "lake"


def parameters(lake: Path, model: str) -> dict[str, object]:
    query = f"SELECT parameters FROM annotators WHERE model = '{model}'"
    return json.loads(ask(str(lake), query)[0][0])


@pytest.mark.rotated
def test_options_reach_the_model_the_miner_and_the_clusterer(lake):
    assert affectflow("annotate", lake, "--set", "tasks=emotion").code == 0
    asked = ["--set", "RuleMiner.history=4", "--set", "min_size=5"]
    asked += ["--clusterer", "word-clusterer"]
    assert affectflow("mine", lake, *asked).code == 0

    tasks = "SELECT DISTINCT task FROM annotations"
    assert ask(str(lake), tasks) == [("emotion",)]
    assert parameters(lake, "EmbeddedEmotions")["tasks"] == ["emotion"]
    assert parameters(lake, "RuleMiner")["history"] == 4
    query = "SELECT config FROM runs WHERE stage = 'themes'"
    config = json.loads(ask(str(lake), query)[0][0])
    assert config["clusterer"] == "WordClusterer"
    assert config["options"]["min_size"] == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            ["annotate", "LAKE", "--set", "taks=emotion"],
            ["EmbeddedEmotions", "`taks`", "did you mean `tasks`"],
            id="a typo",
        ),
        pytest.param(
            ["mine", "LAKE", "--set", "history=long"],
            ["`history`", "a whole number", "'long'"],
            id="another type",
        ),
        pytest.param(
            ["mine", "LAKE", "--clusterer", "word-clustrer"],
            ["'word-clustrer'", "did you mean 'word-clusterer'"],
            id="no such clusterer",
        ),
        pytest.param(
            ["mine", "LAKE", "--set", "min_size=1"],
            ["WordClusterer: `min_size` must be at least 2"],
            id="out of range",
        ),
        pytest.param(
            ["annotate", "LAKE", "--set", "tasks"], ["NAME=VALUE"], id="no value"
        ),
        pytest.param(
            ["train", "german", "--data", "LAKE", "--out", "x", "--set", "a=b"],
            ["unknown option `a` of German"],
            id="a plugin without options",
        ),
    ],
)
def test_what_is_wrong_is_one_line(lake, arguments, words):
    typed = [str(lake) if each == "LAKE" else each for each in arguments]

    assert one_line(affectflow(*typed), 2, *words)


def test_a_card_lists_the_options_with_their_defaults():
    (card,) = affectflow("plugins", "RuleMiner", "--format", "json").rows

    assert card["options"] == {
        "labels": None,
        "history": 8,
        "min_score": 0.25,
        "over_neutral": 0.5,
        "max_neutral": 1.0,
        "of_surest": 0.0,
        "min_label": 0.2,
    }
