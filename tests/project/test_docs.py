"""README and docs are part of the product: commands, snippets and tables are current.

`make demo` and `make test` are run by CI itself; the rest of README's commands here.
"""

import contextlib
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import typer

from affectflow import data, registry
from affectflow.kinds import prompt_file
from affectflow.kinds.guard import Guard
from affectflow.kinds.prompt import SLOTS, Prompt
from affectflow.kinds.style import reading_of
from affectflow.lake import Lake
from affectflow.planning import foresee
from affectflow.registry import kebab
from affectflow.sources.mapping import TARGETS
from affectflow.stages.runs.answers import cue_files
from affectflow.stages.runs.reading import read_part
from tests.given.command_line import Outcome, affectflow, affectflow_process
from tests.given.docs_tables import PLACES, ROOT, current
from tests.given.factories import utterances
from tests.given.rehearsals import Rehearsing
from tests.given.scripted import install_scripted
from tests.given.stage_runs import ask, store
from tests.given.training_data import write_reccon

README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = ROOT / "affectflow" / "demo"
FOLDER = ROOT / "docs"
PAGES = [
    "README.md",
    *(str(p.relative_to(ROOT)) for p in sorted(FOLDER.rglob("*.md"))),
]
MEASURES = sorted(path.stem for path in (FOLDER / "measures").glob("*.md"))


def snippets(language: str, text: str = README) -> list[str]:
    """Returns the fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str = README) -> list[str]:
    """Returns the lines of shell blocks that run affectflow, without comments."""
    lines = [line for block in snippets("sh", text) for line in block.splitlines()]
    return [
        line.split("  #")[0].strip() for line in lines if line.startswith("affectflow")
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A working folder with the files that README names."""
    where = tmp_path_factory.mktemp("readme")
    package = Path(sys.modules["affectflow"].__file__ or "").parent
    for name in ("issues.json", "comments.jsonl"):
        shutil.copy(package / "demo" / name, where)
    (where / "posts.csv").write_text("id,body\n1,this is so annoying!\n2,thank you!\n")
    (where / "pipeline.yaml").write_text(snippets("yaml")[0])
    return where


def typed(command: str, folder: Path) -> Outcome:
    """Runs a line of the docs in a folder: as a process where it starts some itself."""
    arguments = shlex.split(command)[1:]
    with contextlib.chdir(folder):
        return (affectflow_process if "--" in arguments else affectflow)(*arguments)


def test_every_command_of_the_readme_works_in_its_order(folder, monkeypatch):
    # Stages are rehearsed for real in tests/planning.
    monkeypatch.setattr(foresee, "rehearse", Rehearsing())
    assert len(commands()) >= 6
    for command in commands():
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"


@pytest.mark.rotated
def test_every_command_about_columns_works_in_its_order(tmp_path, own_configuration):
    page = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    for name, text in zip(("posts", "bare"), snippets("csv", page), strict=True):
        (tmp_path / f"{name}.csv").write_text(text)
    said = []
    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        said.append(done.out)

    rows = [[c.strip() for c in line.split("│")] for line in said[1].splitlines()]
    assert rows[2:] == [
        ["forum:1", "red", "this is so annoying!"],
        ["forum:2", "blue", "thank you!"],
    ]
    assert kept(tmp_path / "posts") == [("forum:1", "public"), ("forum:2", "public")]
    assert kept(tmp_path / "bare") == [("csv:7", "unknown"), ("csv:8", "unknown")]
    assert [row[0] for row in kept(tmp_path / "both")] == [
        "chat:7",
        "chat:8",
        "forum:1",
        "forum:2",
    ]


def test_what_the_page_about_measures_shows_works(tmp_path, capsys):
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    (tmp_path / "spans.csv").write_text(snippets("csv", page)[0])
    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
    (code,) = snippets("python", page)
    script = tmp_path / "shouted.py"
    script.write_text(code)

    runpy.run_path(str(script), run_name="__main__")

    assert "0.5" in capsys.readouterr().out


@pytest.mark.rotated
@pytest.mark.parametrize("name", MEASURES)
def test_what_the_page_of_a_measure_shows_works(name, tmp_path):
    """Each block of a page is a file; the first command that names one reads it."""
    page = (FOLDER / "measures" / f"{name}.md").read_text(encoding="utf-8")
    for file, text in files_of(page).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert commands(page)

    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        assert done.out.strip(), command


def files_of(page: str) -> dict[str, str]:
    """Returns the csv and jsonl blocks of a page, by the names in its commands."""
    found: dict[str, str] = {}
    for suffix in ("csv", "jsonl"):
        names = re.findall(rf"\b[\w-]+\.{suffix}\b", "\n".join(commands(page)))
        blocks = snippets(suffix, page)
        found |= dict(zip(dict.fromkeys(names), blocks, strict=True))
    return found


def test_every_measure_has_a_page():
    names = {kebab(name) for name in registry.names("measures")}

    assert names == set(MEASURES)


@pytest.mark.rotated
def test_what_the_page_about_cues_shows_works(tmp_path):
    page = (ROOT / "docs" / "cues.md").read_text(encoding="utf-8")
    for kind in ("vtt", "csv"):
        (tmp_path / f"call.{kind}").write_text(snippets(kind, page)[0])

    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    assert "arousal rises from 4 s, peaks at 7 s" in done.out


@pytest.mark.rotated
def test_what_the_page_about_schedules_shows_works(folder, tmp_path):
    page = (ROOT / "docs" / "schedule.md").read_text(encoding="utf-8")
    (tmp_path / "dumps").mkdir()
    shutil.copy(folder / "issues.json", tmp_path / "dumps")
    first, *others, top_up = commands(page)
    assert "--top-up" in top_up

    for command in [first, *others, top_up.replace("--top-up ", "")]:
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
    again = typed(first, tmp_path)
    assert "nothing new" in again.err
    compile(snippets("python", page)[0], "schedule.md", "exec")


@pytest.mark.proof
def test_what_the_page_about_faces_shows_works(tmp_path):
    page = (ROOT / "docs" / "faces.md").read_text(encoding="utf-8")
    call, voice = snippets("csv", page)
    for name, text in {"call.csv": call, "voice.csv": voice}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "call.vtt").write_text(snippets("vtt", page)[0])

    said = []
    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        said.append(done.out)

    assert "the lip corners are pulled up" in said[3]
    assert "OpenFace 2 intensity 0..5" in said[3]
    assert style_reads(tmp_path / "other", "paper-5") == snippets("text", page)


def style_reads(lake: Path, style: str) -> list[str]:
    """Returns what a model reads of a lake of one part, in a style."""
    opened = Lake.open(str(lake))
    (part,) = opened.parts()
    batch = read_part(opened, part, cues=cue_files(opened, part))
    texts = reading_of(batch, cues="words", style=style).texts.to_pylist()
    return [f"{text}\n" for text in texts]


@pytest.mark.proof
def test_what_the_page_about_over_shows_works(folder, tmp_path):
    page = (ROOT / "docs" / "over.md").read_text(encoding="utf-8")
    for name in ("issues.json", "comments.jsonl"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "over.yaml").write_text(snippets("yaml", page)[0])
    write_reccon(tmp_path / "reccon")
    traits = "openness,conscientiousness,extraversion,agreeableness,stability"
    (tmp_path / "big5.csv").write_text(f"speaker_id,{traits}\na,.5,.5,.5,.5,.5\n")
    for command in [*commands(page), "affectflow run over.yaml"]:
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    found = [ask(str(tmp_path / lake), OVER) for lake in ("lake", "piped")]
    assert all(count for ((count,),) in found)


OVER = "SELECT count(*) FROM annotations WHERE task = 'conversation_emotion' AND chosen"


@pytest.mark.rotated
def test_what_the_page_about_prompts_shows_works(tmp_path, monkeypatch):
    """Asks a scripted model: it proves routing only."""
    install_scripted(tmp_path / "site", monkeypatch)
    page = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
    for text in snippets("toml", page):
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text, encoding="utf-8")
    store(str(tmp_path / "lake"), utterances("it broke again", "thanks"))

    for command in commands(page):
        done = typed(command.replace("org/name", "by-rule"), tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
    assert Guard.load(str(tmp_path / "crisis.toml")).matches("I want to just die")
    hashes = "SELECT count(DISTINCT prompt_hash), count(*) FROM annotators"
    assert ask(str(tmp_path / "lake"), hashes) == [(2, 2)]


@pytest.mark.rotated
def test_what_the_page_about_the_literature_shows_works(tmp_path, monkeypatch):
    """Previews what is asked; `hef` and what is guarded have tests of their own."""
    install_scripted(tmp_path / "site", monkeypatch)
    page = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")
    (tmp_path / "dialogues.json").write_text(snippets("json", page)[0])
    (tmp_path / "ratings.csv").write_text(snippets("csv", page)[0])
    shown = re.sub(r"--model \S+( --revision SHA)?", "--model by-rule", page)
    asked = re.sub(r"(annotate .*)", r"\1 --set preview=1", shown)
    own = [n for n in data.names("prompts") if Prompt.load(n).guard] + ["hef"]

    for command in sorted(commands(asked), key=lambda c: "ingest" not in c):
        about = command.split("--prompt ")[-1].split()[0]
        if about in own or "--set model=" in command:
            continue
        done = typed(re.sub(r"\blake\b", "dialogues", command), tmp_path)
        assert done.code == 0, f"{command}: {done.err}"


def test_the_page_about_the_literature_names_every_prompt_of_ours():
    page = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")

    assert not [name for name in data.names("prompts") if f"`{name}`" not in page]


def test_the_page_about_prompts_names_every_key_and_slot():
    page = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")

    rows = "".join(line.split("|")[1] for line in page.splitlines() if line[:1] == "|")
    named = set(re.findall(r"`([a-z_]+)`", rows)) | {"steps"}

    fields = {*prompt_file.PROMPT, *prompt_file.STEP}
    assert named == fields
    assert all(f"`{{{slot}}}`" in page for slot in SLOTS)


@pytest.mark.parametrize("page", ["people", "annotators", "views", "report"])
@pytest.mark.rotated
def test_what_the_pages_about_a_lake_show_works(folder, page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for file, block in (files_of(text) if page == "report" else {}).items():
        (folder / file).write_text(block, encoding="utf-8")
    if not (folder / "lake").exists():
        typed(next(c for c in commands() if "--to lake" in c), folder)
    for command in commands(text):
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"
    for code in snippets("python", text):
        exec(compile(code, f"{page}.md", "exec"), {})


@pytest.mark.rotated
def test_what_the_page_about_frames_shows_works(folder, monkeypatch):
    page = (ROOT / "docs" / "frames.md").read_text(encoding="utf-8")
    monkeypatch.chdir(folder)
    if not (folder / "lake").exists():
        typed(next(c for c in commands() if "--to lake" in c), folder)

    for code in snippets("python", page):
        exec(compile(code, "frames.md", "exec"), {})
    for command in commands(page):
        done = typed(command, folder)
        assert done.code == 0, f"{command}: {done.err}"

    made = ("emotions.svg", "frustration.svg", "report.html", "replication/README.md")
    assert not [name for name in made if not (folder / name).exists()]


def test_the_page_about_columns_names_all_of_them():
    page = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    paragraph = page.split("**Columns of a lake.**")[1].split("\n\n")[0]

    named = set(re.findall(r"`([a-z_]+)`", paragraph))

    assert named == set(TARGETS) - {"attrs"}


def kept(lake: Path) -> list[tuple[str, ...]]:
    query = "SELECT utterance_id, visibility FROM utterances ORDER BY 1"
    return ask(str(lake), query)


@pytest.mark.parametrize("number", range(len(snippets("python"))))
@pytest.mark.rotated
def test_every_python_snippet_of_the_readme_runs(folder, number):
    if not (folder / "lake").exists():
        typed(next(c for c in commands() if "--to lake" in c), folder)

    script = folder / f"snippet-{number}.py"
    script.write_text(snippets("python")[number])
    with contextlib.chdir(folder):
        runpy.run_path(str(script), run_name="__main__")


@pytest.mark.parametrize("query", snippets("sql"))
def test_every_query_of_the_readme_has_an_answer(folder, query):
    if not (folder / "lake").exists():
        typed(next(c for c in commands() if "--to lake" in c), folder)

    assert isinstance(ask(str(folder / "lake"), query.strip().rstrip(";")), list)


@pytest.mark.parametrize("page", PLACES)
def test_the_tables_of_the_docs_are_current(page):
    written = (ROOT / page).read_text(encoding="utf-8")

    assert written == current(page), "run: python -m tests.given.docs_tables"


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page):
    here = ROOT / page
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", here.read_text("utf-8"))

    missing = [t for t in targets if not (here.parent / t).exists()]
    if not (ROOT / ".git").exists():  # from a wheel, only what the tests need is there
        missing = [t for t in missing if t != "NOTICE" and not t.endswith(".png")]
    assert not missing


@pytest.mark.parametrize("page", [p for p in PAGES if p != "README.md"])
def test_commands_in_docs_exist(page):
    known = affectflow_commands()
    for command in commands((ROOT / page).read_text(encoding="utf-8")):
        assert command.split()[1] in known, command


def affectflow_commands() -> set[str]:
    from affectflow.cli.app import app

    commands = typer.main.get_command(app).commands.values()
    return {each.name for each in commands if not each.hidden}


def test_no_page_names_a_command_that_does_not_exist():
    known = affectflow_commands()
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for name in re.findall(r"`affectflow ([a-z]+)", text):
            assert name in known, f"{page}: affectflow {name}"


def test_the_changelog_names_this_version():
    import affectflow

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {affectflow.__version__}" in changelog
