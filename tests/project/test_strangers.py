"""Plugins of others: the examples, really installed, and what `plugins new` writes."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from affectflow import data, registry, yaml
from tests.given.command_line import affectflow
from tests.given.data_files import forget_data
from tests.given.docs_tables import ROOT, public_modules
from tests.given.proving import rotated

EXAMPLES = ROOT / "examples" / "plugins"
FILES = sorted((EXAMPLES / "affectflow_examples").glob("[a-z]*.py"))
PROJECT = tomllib.loads((EXAMPLES / "pyproject.toml").read_text())["project"]
PLUGINS = {
    group.partition(".")[2]: name
    for group, points in PROJECT["entry-points"].items()
    for name in points
    if group != "affectflow.data"
}
DEAR = ["connectors", "measures"]
"""Kinds whose check runs pipelines."""
CHEAP = [kind for kind in PLUGINS if kind not in (*DEAR, "objectives")]
NEW = {
    "connectors": "ReadForum",
    "transforms": "MarkQuestions",
    "models": "ScoreSlang",
    "renderers": "RenderSighs",
    "miners": "MineSince",
    "clusterers": "GroupByTopic",
    "measures": "ThankedShare",
    "trainers": "LearnSlang",
    "parsers": "read_marks",
    "objectives": "square_root",
}
NEW_FILES = {kind: f"my_{kind}" for kind in data.KINDS}
EVERY = {kind: NEW[kind] for kind in CHEAP} | NEW_FILES


def install(folder: Path, target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index"]
    how = ["--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *how, str(folder)], check=True, timeout=120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the examples are installed."""
    target = tmp_path_factory.mktemp("site")
    install(EXAMPLES, target)
    return target


@pytest.fixture
def use(monkeypatch):
    """Puts a folder of distributions on the path of this process."""

    def on_the_path(folder: Path) -> None:
        monkeypatch.syspath_prepend(folder)
        forget()

    yield on_the_path
    monkeypatch.undo()
    forget()


def forget() -> None:
    registry._found.cache_clear()
    forget_data()


def own_tests(project: Path, *tests: Path | str) -> int:
    """Runs the tests of a distribution in this process, where Beam is imported."""
    ours = ["xdist", "timeout", "faulthandler", "cacheprovider"]
    without = [word for name in ours for word in ("-p", f"no:{name}")]
    config = ["-c", str(project / "pyproject.toml"), "--rootdir", str(project)]
    modes = ["-q", "--import-mode=importlib"]
    return int(pytest.main([*modes, *config, *without, *map(str, tests)]))


OF_TORCH = EXAMPLES / "tests" / "test_log_cosh.py"


@pytest.mark.rotated
def test_the_tests_of_the_examples_pass(site, use):
    """Those of the first example of a cheap kind run every day, below, renamed."""
    use(site)

    assert own_tests(EXAMPLES, f"--ignore={OF_TORCH}", EXAMPLES / "tests") == 0


@pytest.mark.torch
@pytest.mark.rotated
def test_the_objective_of_the_examples_passes_its_tests_and_the_checks(site, use):
    use(site)

    assert own_tests(EXAMPLES, OF_TORCH) == 0
    assert affectflow("plugins", "test", "log_cosh").code == 0


@pytest.mark.parametrize(("kind", "name"), PLUGINS.items())
def test_an_example_is_found_beside_ours(site, use, kind, name):
    use(site)

    assert registry.load(kind, registry.kebab(name)).__name__ == name
    brought = registry.distribution(registry.find(kind, name))
    assert brought == "affectflow-examples 0.1.0"


def test_a_transform_of_another_is_a_type_of_yaml(site, use):
    use(site)

    step = yaml.create("MarkShouting", {"share": 0.4})

    assert step.share == 0.4


def test_every_kind_has_an_example():
    assert set(PLUGINS) == set(registry.KINDS) == set(NEW)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_one_file_that_needs_public_modules_only(path):
    allowed = public_modules()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            ours = node.module.startswith("affectflow")
            assert not ours or node.module in allowed, f"{path.name}: {node.module}"


def settings(kind: str, folder: Path) -> list[str | Path]:
    """Returns what a plugin of a kind is tried on."""
    if kind == "connectors":
        file = folder / "export.jsonl"
        file.write_text('{"type": "version"}\n')
        return ["--set", f"paths={file}"]
    if kind == "trainers":
        lines = [f"{each}\tso {each} {n}" for each in ("anger", "joy") for n in "abc"]
        (folder / "labelled.tsv").write_text("\n".join(lines))
        return ["--data", folder]
    return []


@pytest.mark.parametrize("kind", [*CHEAP, *rotated(DEAR)])
def test_an_example_passes_the_checks_of_its_kind(site, use, tmp_path, kind):
    use(site)

    done = affectflow("plugins", "test", PLUGINS[kind], *settings(kind, tmp_path))

    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert len(lines) >= 4
    assert all(line.startswith("ok ") for line in lines)


# -- affectflow plugins new -----------------------------------------------------------


def laid_out(folder: Path) -> None:
    """Writes into a project what pip would write beside it, so that it is found."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = (
        folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    )
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\n"
    (info / "METADATA").write_text(f"{head}Version: {project['version']}\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{n} = {value}" for n, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.mark.rotated
def test_what_is_begun_of_any_kind_passes_the_checks_and_its_own_tests(tmp_path, use):
    for kind, name in EVERY.items():
        begun = affectflow("plugins", "new", kind, name, "--to", tmp_path / kind)
        assert begun.code == 0, begun.err
        laid_out(tmp_path / kind)
        use(tmp_path / kind)

    for kind, name in EVERY.items():
        tested = affectflow("plugins", "test", name, *settings(kind, tmp_path))
        assert tested.code == 0, f"{kind}: {tested.out}"
    assert own_tests(tmp_path / "views", *(tmp_path / kind for kind in EVERY)) == 0


@pytest.mark.parametrize("kind", rotated([*NEW, *NEW_FILES]))
def test_what_is_begun_installs_and_passes_the_checks_at_once(tmp_path, use, kind):
    folder, name = tmp_path / "begun", (NEW | NEW_FILES)[kind]

    begun = affectflow("plugins", "new", kind, name, "--to", folder)
    install(folder, tmp_path / "site")
    use(tmp_path / "site")
    tested = affectflow("plugins", "test", name, *settings(kind, tmp_path))

    assert begun.out.strip() == str(folder)
    assert tested.code == 0, tested.out


@pytest.mark.proof
@pytest.mark.parametrize("kind", [*NEW, *NEW_FILES])
def test_the_tests_of_what_is_begun_pass(tmp_path, use, kind):
    folder = tmp_path / "begun"
    affectflow("plugins", "new", kind, (NEW | NEW_FILES)[kind], "--to", folder)
    install(folder, tmp_path / "site")
    use(tmp_path / "site")

    assert own_tests(folder, folder) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["gadgets", "MyGadget"], "unknown kind 'gadgets'", id="kind"),
        pytest.param(["parsers", "ParseIt"], "a name of a function", id="no function"),
        pytest.param(["prompts", "My Prompt"], "a name of a file", id="no file"),
        pytest.param(["model", "MyModel"], "did you mean 'models'", id="one model"),
        pytest.param(
            ["renderers", "my-cue"], "write it like `MyPlugin`", id="no class"
        ),
        pytest.param(["connectors", "Forum"], "say `ReadForum`", id="no Read"),
        pytest.param(
            ["renderers", "Sighs", "--to", "."], "already exists", id="folder"
        ),
    ],
)
def test_what_cannot_be_begun_is_said_in_one_line(words, said):
    done = affectflow("plugins", "new", *words)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert said in done.err
