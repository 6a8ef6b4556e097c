"""Files of data: found by kind and name, and what is wrong with one is said."""

import pytest

from affectflow import data
from affectflow.errors import LeftOutWarning, UnknownPluginError, UsageError


def test_a_stranger_brings_files_and_no_code_of_theirs_runs(bring):
    folder = bring({"prompts/theirs.toml": 'task = "mood"', "prompts/notes.txt": ""})

    file = data.find("prompts", "theirs")

    assert "theirs" in data.names("prompts")
    assert "notes" not in data.names("prompts")
    assert file.path == folder / "prompts" / "theirs.toml"
    assert file.distribution == "stranger 1.0"
    assert file.table() == {"task": "mood"}


def test_the_files_of_the_core_come_first():
    names = data.names("vocabularies")

    assert names[:5] == ["ekman", "goemotions", "happiness", "irritation", "vad"]
    assert {data.find("vocabularies", n).distribution for n in names[:5]} == {""}
    assert "plutchik" in names[5:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("a = 1\n\nb = ?", "line 3: Invalid value", id="not TOML"),
        pytest.param('a = 1\nb = """x\n', "line 3: ", id="ends too early"),
        pytest.param("a = 1\na = 2\n", "line 2: Cannot overwrite", id="a key twice"),
        pytest.param(b'a = 1\nb = "\xff"', "line 2: not UTF-8", id="not text"),
    ],
)
def test_a_file_that_does_not_parse_is_named_with_its_line(bring, content, said):
    folder = bring({"prompts/bad.toml": content, "prompts/good.toml": "a = 1"})

    with pytest.raises(UsageError) as caught:
        data.find("prompts", "bad").table()

    line = str(caught.value)
    assert line.startswith(f"{folder / 'prompts' / 'bad.toml'}, {said}")
    assert line.endswith("; fix the file, or uninstall 'stranger 1.0'")
    assert data.find("prompts", "good").table() == {"a": 1}


def test_two_prompts_of_one_name_are_an_error_that_names_both(bring):
    one = bring({"prompts/same.toml": "a = 1"}, name="one")
    two = bring({"prompts/same.toml": "a = 2"}, name="two")

    with pytest.raises(UnknownPluginError, match="'same' in prompts") as caught:
        data.find("prompts", "same")

    assert all(
        str(each / "prompts" / "same.toml") in str(caught.value) for each in (one, two)
    )
    assert data.names("prompts").count("same") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ekmann", "no vocabulary 'ekmann'; did you mean 'ekman'?"),
        ("zzzz", "no vocabulary 'zzzz'; the nearest are '"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, said):
    with pytest.raises(UnknownPluginError) as caught:
        data.find("vocabularies", name)

    assert str(caught.value).startswith(said)


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownPluginError, match="unknown kind of data 'poems'"):
        data.names("poems")


def test_a_folder_that_is_not_there_is_said_and_the_others_go_on(bring):
    bring({})

    with pytest.warns(LeftOutWarning, match="'stranger 1.0' names 'stranger_package"):
        names = data.names("vocabularies")

    assert "plutchik" in names
