import os
import subprocess
import sys
import textwrap

import pytest

from affectflow import registry
from affectflow.errors import PluginImportError, UnknownPluginError


def install(folder, name, group, **points):
    """Writes what pip would: a distribution with entry points."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    )
    lines = [f"{point} = {value}" for point, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")


def module(folder, name, text):
    (folder / f"{name}.py").write_text(textwrap.dedent(text))


def python(folder, code):
    """Returns what a fresh process with `folder` on its path prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "kebab"),
    [
        ("ReadGithub", "github"),
        ("ReadStackExchange", "stack-exchange"),
        ("NormalizeText", "normalize-text"),
        ("Read", "read"),
        ("ReadUtf8Lines", "utf8-lines"),
    ],
)
def test_the_command_line_spells_names_in_kebab_case(name, kebab):
    assert registry.kebab(name) == kebab


def test_a_plugin_is_found_by_both_spellings():
    assert registry.find("connectors", "jsonl") == registry.find(
        "connectors", "ReadJsonl"
    )


def test_a_typo_is_answered_in_one_spelling_of_each_name():
    with pytest.raises(UnknownPluginError) as caught:
        registry.find("models", "EmbeddedValnce")

    assert "'EmbeddedValence'" in str(caught.value)
    assert "embedded-valence" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("ReadGithubb", "'ReadGithub'", id="a letter too many"),
        pytest.param("githb", "'github'", id="a letter too few"),
        pytest.param(
            "zzzz", "`affectflow plugins --kind connectors` ", id="unlike any"
        ),
    ],
)
def test_a_typo_is_answered_with_the_nearest_names(name, near):
    with pytest.raises(UnknownPluginError, match=f"named {name!r}") as caught:
        registry.find("connectors", name)

    assert near in str(caught.value)


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownPluginError, match="'sinks' is not a kind of plugin"):
        registry.names("sinks")


def test_names_and_a_typo_load_no_plugin_and_nothing_heavy(tmp_path):
    install(tmp_path, "loud", "affectflow.transforms", Loud="loud_module:Loud")
    module(tmp_path, "loud_module", "raise SystemExit('imported')")

    out = python(
        tmp_path,
        """
        import sys
        from affectflow import registry
        print("Loud" in registry.names("transforms"))
        try:
            registry.load("transforms", "Lood")
        except registry.UnknownPluginError as error:
            print("'Loud'" in str(error))
        heavy = {"apache_beam", "pyarrow", "polars", "torch", "loud_module",
                 "affectflow_transforms"}
        print(heavy & set(sys.modules))
        """,
    )

    assert out == ["True", "True", "set()"]


def test_a_name_that_two_claim_is_an_error_that_names_both(tmp_path):
    install(tmp_path, "first", "affectflow.parsers", Dig="first_module:Dig")
    install(tmp_path, "second", "affectflow.parsers", Dig="second_module:Dig")

    (line,) = python(
        tmp_path,
        """
        from affectflow import registry
        try:
            registry.load("parsers", "Dig")
        except registry.UnknownPluginError as error:
            print(error)
        """,
    )

    assert "'Dig' in affectflow.parsers is claimed by" in line
    assert "first_module:Dig of first 1.0" in line
    assert "second_module:Dig of second 1.0" in line


def test_two_names_with_one_spelling_on_the_command_line_are_told_apart(tmp_path):
    install(
        tmp_path,
        "twins",
        "affectflow.parsers",
        Dig="builtins:int",
        ReadDig="builtins:str",
    )

    out = python(
        tmp_path,
        """
        from affectflow import registry
        print(registry.load("parsers", "Dig"), registry.load("parsers", "ReadDig"))
        try:
            registry.load("parsers", "dig")
        except registry.UnknownPluginError as error:
            print(error)
        """,
    )

    assert out[0] == "<class 'int'> <class 'str'>"
    assert "builtins:int" in out[1]
    assert "builtins:str" in out[1]


def test_one_distribution_that_is_seen_twice_claims_a_name_once(tmp_path):
    for place in ("a", "b"):
        install(tmp_path / place, "same", "affectflow.parsers", Dig="builtins:int")

    out = python(
        f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}",
        "from affectflow import registry; print(registry.load('parsers', 'Dig'))",
    )

    assert out == ["<class 'int'>"]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("import not_there", "ModuleNotFoundError", id="lacks a library"),
        pytest.param("1 / 0", "ZeroDivisionError", id="fails on import"),
        pytest.param("x = (", "SyntaxError", id="is no Python"),
        pytest.param("y = 1", "AttributeError", id="lacks the class"),
        pytest.param("raise ValueError('a\\n\\nb')", "a b", id="fails in many lines"),
    ],
)
def test_a_plugin_that_does_not_import_is_reported_and_the_others_go_on(
    tmp_path, text, cause
):
    install(
        tmp_path,
        "sick",
        "affectflow.parsers",
        Sick="sick_module:Sick",
        Well="json:loads",
    )
    module(tmp_path, "sick_module", text)

    first, *second = python(
        tmp_path,
        """
        from affectflow import registry
        try:
            registry.load("parsers", "Sick")
        except registry.PluginImportError as error:
            print(error)
        print(registry.load("parsers", "Well")("[1]"))
        """,
    )

    assert "'Sick' (sick_module:Sick)" in first
    assert cause in first
    assert "'sick 1.0'" in first
    assert second == ["[1]"]


def test_errors_of_plugins_are_the_callers_to_fix():
    assert PluginImportError("x").exit_code == UnknownPluginError("x").exit_code == 2
