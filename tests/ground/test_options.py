"""Options of plugins: out of text, out of YAML, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from affectflow.errors import UsageError
from affectflow.options import apart, construct, meant


@dataclass(kw_only=True)
class Plugin:
    """Takes options of every type."""

    needed: str
    rows: int = 1
    share: float = 0.5
    loud: bool = False
    words: tuple[str, ...] = ()
    pair: tuple[int, float] = (0, 0.0)
    answer: Literal["one", "several"] = "one"
    most: int | None = None
    labels: list[str] | None = None
    paths: Sequence[str] | str = ""
    folder: Path = Path()
    names: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("rows", "12", 12),
        ("share", "1", 1.0),
        ("loud", "yes", True),
        ("loud", "False", False),
        ("words", "a, b", ("a", "b")),
        ("words", "", ()),
        ("pair", "3,0.5", (3, 0.5)),
        ("answer", "several", "several"),
        ("most", "none", None),
        ("most", "7", 7),
        ("labels", "joy,anger", ["joy", "anger"]),
        ("folder", "here", Path("here")),
        ("names", '{"a": 1}', {"a": 1}),
    ],
)
def test_text_becomes_the_type_of_the_field(name, text, expected):
    made = construct(Plugin, {"needed": "x", name: text}, "model 'x'")

    assert getattr(made, name) == expected
    assert type(getattr(made, name)) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("share", 1, 1.0),
        ("words", ["a"], ("a",)),
        ("labels", None, None),
        ("paths", ["a", "b"], ("a", "b")),
        ("paths", "a", ("a",)),
    ],
)
def test_values_of_yaml_fit_too(name, value, expected):
    made = construct(Plugin, {"needed": "x", name: value}, "model 'x'")

    assert getattr(made, name) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"needed": "x", "rows": "many"},
            "option `rows` of model 'x' must be a whole number, got 'many'",
            id="a number",
        ),
        pytest.param(
            {"needed": "x", "loud": "maybe"}, "must be true or false", id="a switch"
        ),
        pytest.param(
            {"needed": "x", "rows": True}, "whole number, got True", id="a switch, too"
        ),
        pytest.param(
            {"needed": "x", "answer": "two"}, "one of 'one', 'several'", id="a word"
        ),
        pytest.param({"needed": "x", "pair": "1"}, "must be 2 values", id="too few"),
        pytest.param({"needed": "x", "most": "a"}, "a whole number or none", id="or"),
        pytest.param({"needed": "x", "names": "[1"}, "a JSON object", id="JSON"),
        pytest.param(
            {"needed": "x", "rwos": 1}, "`rwos` of .*; did you mean `rows`?",
            id="a typo",
        ),
        pytest.param({"needed": 1}, "must be text, got 1", id="no text"),
        pytest.param(
            {}, "model 'x' needs `needed`; give it as --set needed=VALUE", id="missing"
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(given, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")) as caught:
        construct(Plugin, given, "model 'x'")

    assert "\n" not in str(caught.value)


def test_a_plugin_without_options_takes_none():
    class Bare:
        """No dataclass."""

    assert isinstance(construct(Bare, {}, "trainer 'x'"), Bare)
    with pytest.raises(UsageError, match="`a` of trainer 'x'; it takes none"):
        construct(Bare, {"a": 1}, "trainer 'x'")


PLUGINS = {"Model": ["rows", "labels"], "RuleMiner": ["labels", "history"]}


def test_an_option_goes_to_the_plugin_that_knows_it():
    said = apart(["rows=3", "history=2", "RuleMiner.labels=joy"], PLUGINS)

    assert said == {
        "Model": {"rows": "3"},
        "RuleMiner": {"history": "2", "labels": "joy"},
    }


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("rows", "--set takes NAME=VALUE, got 'rows'"),
        ("=3", "--set takes NAME=VALUE"),
        (
            "labels=joy",
            "both Model and RuleMiner take `labels`: use --set Model.labels",
        ),
        (
            "histroy=2",
            "unknown option `histroy` of Model or RuleMiner; did you mean `hist",
        ),
        ("RuleMiner.rows=3", "unknown option `rows` of plugin 'RuleMiner'"),
    ],
)
def test_an_option_of_none_or_of_two_is_said_in_one_line(pair, message):
    with pytest.raises(UsageError, match=message):
        apart([pair], PLUGINS)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param("scores@1", "scores@1", id="itself"),
        pytest.param("val", "valence@2", id="its beginning"),
        pytest.param("scores@1+ab", "scores@1+ab", id="one that begins as another"),
    ],
)
def test_an_id_is_meant_by_a_beginning_that_no_other_has(wanted, expected):
    ids = ["scores@1+ab", "scores@1", "valence@2"]
    assert meant(wanted, ids, "id", "is here") == expected


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(
            "s",
            "id 's' is ambiguous, it may be 'scores@1', 'scores@2'; g",
            id="of several",
        ),
        pytest.param("x", "no id 'x' is here; known: 'scores@2', ", id="of none"),
    ],
)
def test_what_means_no_id_or_several_names_them(wanted, said):
    with pytest.raises(UsageError, match=said):
        meant(wanted, ["scores@2", "scores@1"], "id", "is here")
