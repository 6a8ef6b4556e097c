"""The known models of a hub: data, with licences, and figures that have a source."""

from dataclasses import replace

import pytest

from affectflow import data, defaults, hub, registry
from affectflow.data import DataFile
from affectflow.errors import UsageError

NAMES = data.names(hub.KIND)
PERMISSIVE = ("MIT", "Apache-2.0", "BSD-3-Clause")
GOOD = {
    "model": "org/name",
    "summary": "a model",
    "task": "emotion",
    "vocabulary": "ekman",
    "size": "1 M",
    "languages": ["en"],
    "licence": "MIT",
    "commercial_use": True,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_says_what_it_answers_and_a_figure_says_where_it_stands(name):
    found = hub.get(name)

    assert found.model.count("/") == 1
    assert bool(found.figure) == found.source.startswith("https://")
    assert found.commercial_use == (found.licence in PERMISSIVE)


def test_a_model_of_many_languages_may_be_used_by_anybody():
    many = [hub.get(name) for name in NAMES]

    assert [
        m.model
        for m in many
        if m.commercial_use and m.task == "emotion" and len(m.languages) > 1
    ] == ["LEIA/LEIA-multilingual"]


def test_no_default_is_non_commercial():
    cards = [registry.load("models", defaults.MODEL).card]
    cards += [registry.load("renderers", name).card for name in defaults.RENDERERS]
    cards.append(registry.load("miners", defaults.MINER).card)
    cards.append(registry.load("clusterers", defaults.CLUSTERER).card)

    assert all(card.commercial_use for card in cards)
    assert not {hub.get(name).model for name in NAMES}.intersection([defaults.MODEL])


def written(tmp_path, monkeypatch, **said):
    lines = [f"{key} = {str(value).lower()}" for key, value in said.items()]
    for place, (key, value) in enumerate(said.items()):
        if not isinstance(value, bool):
            lines[place] = f"{key} = {value!r}"
    path = tmp_path / "ours.toml"
    path.write_text("\n".join(lines) + "\n")
    file = DataFile(hub.KIND, "ours", path, "")
    monkeypatch.setattr(data, "find", lambda kind, name: file)
    return hub.get("ours")


def test_a_file_of_ones_own_is_read(tmp_path, monkeypatch):
    found = written(tmp_path, monkeypatch, **GOOD, touches=["health"])

    wanted = hub.HubModel(**{**GOOD, "languages": ("en",), "touches": ("health",)})
    assert found == wanted != replace(wanted, touches=())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"figure": "F1 0.9"}, "`source` go together", id="no"),
        pytest.param({"touches": ["soul"]}, "line 9: `touches`", id="odd"),
        pytest.param({"licens": "MIT"}, "unknown key 'licens'; .*'licence'", id="typo"),
        pytest.param({"commercial_use": "yes"}, "must be true or false", id="type"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_line(tmp_path, monkeypatch, said, why):
    with pytest.raises(UsageError, match=why):
        written(tmp_path, monkeypatch, **{**GOOD, **said})


def test_a_key_that_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no `task`"):
        written(tmp_path, monkeypatch, model="org/name", summary="a model")
