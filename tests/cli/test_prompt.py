"""Prompts on the command line, with a scripted model: it proves routing only."""

import re
import shutil

import pytest

from tests.given.command_line import affectflow
from tests.given.data_files import forget_data, install_data
from tests.given.factories import utterances
from tests.given.scripted import install_scripted, prompt_file
from tests.given.stage_runs import ask, store

NOTICE = "To the analyst: read it."
MOOD = """
task = "mood"
source = "ours"
licence = "Apache-2.0"
guard = "{guard}"
[[steps]]
name = "mood"
text = "How is it? {{text}}"
parser = "one_label"
labels = ["good", "bad"]
"""


@pytest.fixture(autouse=True)
def scripted(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


@pytest.fixture
def prompt(tmp_path):
    guard = tmp_path / "rule.toml"
    guard.write_text(f'phrases = ["kill myself"]\nnotice = "{NOTICE}"\n')
    return prompt_file(tmp_path, MOOD.format(guard=guard))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    uri = str(tmp_path_factory.mktemp("stored") / "lake")
    store(uri, utterances("it broke", "thanks", "I could kill myself", ""))
    return uri


@pytest.mark.rotated
def test_annotate_asks_a_prompt(lake, prompt, tmp_path):
    lake = str(shutil.copytree(lake, tmp_path / "lake"))
    done = affectflow("annotate", lake, "--model", "by-rule", "--prompt", prompt)

    assert done.code == 0, done.err
    assert "4 in, 2 labelled, 1 silent, 1 guarded" in done.err
    assert ask(
        lake,
        "SELECT text, label, status FROM annotations JOIN utterances "
        "USING (utterance_id) WHERE status != 'ok' OR chosen ORDER BY text",
    ) == [
        ("", None, "no_author_text"),
        ("it broke", "bad", "ok"),
        ("thanks", "good", "ok"),
    ]
    ((kind, digest, said),) = ask(
        lake, "SELECT kind, prompt_hash, notice FROM annotators"
    )
    assert (kind, len(digest)) == ("prompt", 32)
    assert said == NOTICE
    assert NOTICE in done.err.splitlines()
    cited = affectflow("cite", lake).out
    assert f"\n\n  {NOTICE}\n\n" in cited
    assert f", prompt `{digest}`; licence" in cited


def test_a_preview_prints_filled_prompts_and_asks_nothing(lake, prompt):
    done = affectflow(
        *("annotate", lake, "--model", "by-rule", "--prompt", prompt),
        *("--set", "preview=3"),
    )

    assert done.code == 0, done.err
    assert done.out.count("== ") == 2  # two of the four may be asked about
    assert "\nit broke\n[end " in done.out
    assert "-- choices\ngood, bad\n" in done.out
    assert "kill myself" not in done.out
    assert done.last_line == "annotate: nothing was asked"
    assert ask(lake, "SELECT * FROM annotations") == []


@pytest.mark.rotated
def test_what_another_machine_would_be_asked_is_previewed_and_planned_without_leave(
    tmp_path,
):
    lake, prompt = str(tmp_path / "lake"), tmp_path / "mood.toml"
    store(lake, utterances("it broke", segments=[[]]))
    prompt.write_text(MOOD.replace('guard = "{guard}"\n', "").format())
    model = ("--model", "https://models.example.org/v1", "--set", "name=m")

    shown = affectflow(
        *("annotate", lake, *model, "--prompt", prompt, "--set", "preview=1")
    )
    planned = affectflow("plan", lake, *model, "--prompt", prompt)
    asked = affectflow("annotate", lake, *model, "--prompt", prompt)

    assert shown.code == 0, shown.err
    assert "\nit broke\n[end " in shown.out
    assert planned.code == 0, planned.err
    assert "sent to models.example.org" in planned.err
    assert asked.code == 2
    assert "give --send-to models.example.org" in asked.last_line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["--model", "by-rule"],
            "needs a prompt: give one with --prompt NAME|FILE; `affectflow "
            "plugins --kind prompts` lists",
            id="no prompt",
        ),
        pytest.param(
            ["--prompt", "mood"],
            "EmbeddedEmotions reads no prompt and cannot use `prompt`: give a ",
            id="a model that is not asked",
        ),
        pytest.param(
            ["--set", "preview=3"],
            "EmbeddedEmotions reads no prompt and cannot use `preview`: give a ",
            id="a preview of a model that is not asked",
        ),
        pytest.param(
            ["--send-to", "a.org"],
            "EmbeddedEmotions reads no prompt and cannot use `send_to`: give ",
            id="a model that sends nothing",
        ),
        pytest.param(
            ["--model", "Endpoint", "--set", "url=none", "--set", "name=m"],
            "`url` must be like http://localhost:8000/v1",
            id="no URL, and no prompt",
        ),
        pytest.param(
            ["--model", "Endpoint", "--prompt", "emer"],
            "needs `url`, `name`; give them as --set url=URL --set name=VALUE",
            id="no URL, and no name",
        ),
        pytest.param(
            ["--model", ""],
            "no model is named: name the folder of one that was saved or trained, a ",
            id="no model",
        ),
        pytest.param(
            ["--model", "by-rule", "--prompt", "moodd.toml"],
            "no file 'moodd.toml'; name a file, or one of `affectflow plugins --kind "
            "prompts`",
            id="no file",
        ),
        pytest.param(
            ["--model", "by-rule", "--set", "preview=0", "--set", "prompt=x"],
            "`preview` must be at least 1, got '0'",
            id="preview of nothing",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_line(lake, arguments, line):
    done = affectflow("annotate", lake, *arguments)

    assert (done.code, done.out) == (2, "")
    assert line in done.last_line


def test_a_prompt_shows_its_source_its_licence_and_its_steps(
    prompt, tmp_path, monkeypatch
):
    (tmp_path / "site").mkdir()
    files = {"prompts/mood_of.toml": prompt.read_text()}
    install_data(tmp_path / "site", monkeypatch, files)
    try:
        (row,) = affectflow("plugins", "mood_of", "--format", "json").rows
        tested = affectflow("plugins", "test", "mood_of")
    finally:
        forget_data()

    assert (row["kind"], row["source"], row["licence"]) == (
        "prompts",
        "ours",
        "Apache-2.0",
    )
    assert row["step mood"] == "How is it? {text}\n-> one_label: good, bad"
    assert tested.code == 0, tested.out
    assert "ok      it says its source and its licence" in tested.out


@pytest.mark.proof
def test_a_preview_shows_what_another_annotator_says(lake, tmp_path):
    lake = str(shutil.copytree(lake, tmp_path / "lake"))
    shown = MOOD.replace("[[steps]]", 'over = "labels:1"\n[[steps]]')
    shown = shown.replace("{{text}}", "{{evidence}}: {{text}}")
    path = prompt_file(tmp_path, shown.replace('guard = "{guard}"\n', "").format())
    typed = ["annotate", lake, "--model", "by-rule", "--prompt", path]

    nobody = affectflow(*typed, "--set", "preview=1")
    affectflow("annotate", lake)
    whose = affectflow(*typed, "--set", "preview=1")
    done = affectflow(*typed, "--set", "preview=1", "--over", "EmbeddedEmotions@")

    assert (nobody.code, whose.code) == (2, 2)
    assert "name that annotator with --over" in whose.last_line
    assert done.code == 0, done.err
    assert re.search(r"How is it\? [a-z]+: \[text ", done.out)


def test_a_preview_of_nothing_says_so(prompt, tmp_path):
    lake = str(tmp_path / "lake")
    store(lake, utterances(""))
    typed = ("annotate", lake, "--model", "by-rule", "--prompt", prompt)

    done = affectflow(*typed, "--set", "preview=1")

    assert (done.code, done.out) == (0, "")
    assert done.last_line == ("annotate: no utterance to ask the model about")
