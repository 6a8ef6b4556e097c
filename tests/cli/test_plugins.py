"""`affectflow plugins`: the catalogue, and the words that became options."""

import json

import pytest

from tests.given.command_line import affectflow
from tests.given.refusals import one_line


def test_plugins_lists_all_kinds_and_all_that_a_card_says():
    rows = json.loads(affectflow("plugins", "--json").out)

    found = {row["name"]: row for row in rows}
    assert (found["ReadGithub"]["kind"], found["RuleMiner"]["kind"]) == (
        "connectors",
        "miners",
    )
    assert found["ReadGithub"]["command_line"] == "github"


def test_a_kind_is_listed_alone_and_models_with_the_licence_of_their_weights():
    rows = json.loads(affectflow("plugins", "--kind", "models", "--json").out)

    assert {row["kind"] for row in rows} == {"models"}
    shown = affectflow("plugins", "--kind", "models").out
    assert all(row["weights_licence"] in shown for row in rows)
    assert "ReadGithub" not in shown


@pytest.mark.parametrize("name", ["github", "ReadGithub"])
def test_a_name_shows_one_card(name):
    assert "Apache-2.0" in affectflow("plugins", name).out
    (row,) = json.loads(affectflow("plugins", name, "--json").out)
    assert row["name"] == "ReadGithub"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["plugins", "githu"], "no plugin is named 'githu'", id="name"),
        pytest.param(
            ["plugins", "github", "--kind", "models"],
            "no plugin is named 'github'; there are 'EmbeddedEmotions'",
            id="a name of another kind",
        ),
        pytest.param(
            ["plugins", "--kind", "modles"],
            "unknown kind 'modles'; did you mean 'models'",
            id="kind",
        ),
        pytest.param(
            ["models", "--json"], "now `affectflow plugins --kind models`", id="models"
        ),
        pytest.param(
            ["check", "p.yaml"],
            "`affectflow check` is now `affectflow run --check`",
            id="check",
        ),
    ],
)
def test_what_is_not_there_is_answered_in_one_line(words, said):
    assert one_line(affectflow(*words), 2, said)


def test_files_are_listed_and_shown():
    rows = json.loads(affectflow("plugins", "--json").out)
    kinds = {row["name"]: row["kind"] for row in rows}
    (card,) = json.loads(affectflow("plugins", "plutchik", "--json").out)

    assert kinds["plutchik"] == "vocabularies"
    assert kinds["emotions"] == "views"
    assert card["labels"][0] == "anger"
    assert card["file"].endswith("plutchik.toml")


def test_a_file_that_is_broken_is_listed_as_such(bring):
    bring({"vocabularies/bad.toml": "labels = ["})

    rows = json.loads(affectflow("plugins", "--kind", "vocabularies", "--json").out)

    (bad,) = [row for row in rows if row.get("broken")]
    assert bad["name"] == "bad"
    assert "bad.toml, line 1: " in bad["summary"]
