"""`affectflow plugins`: the catalogue, and the words that became options."""

import pytest

from affectflow import registry
from affectflow.errors import LeftOutWarning
from affectflow.kinds.source import recognised
from tests.given.command_line import affectflow
from tests.given.refusals import one_line


def test_plugins_lists_all_kinds_and_all_that_a_card_says():
    rows = affectflow("plugins", "--format", "json").rows

    found = {row["name"]: row for row in rows}
    assert (found["ReadGithub"]["kind"], found["RuleMiner"]["kind"]) == (
        "connectors",
        "miners",
    )
    assert found["ReadGithub"]["command_line"] == "github"


def test_a_kind_is_listed_alone_and_models_with_the_licence_of_their_weights():
    rows = affectflow("plugins", "--kind", "models", "--format", "json").rows

    assert {row["kind"] for row in rows} == {"models", "hub"}
    shown = affectflow("plugins", "--kind", "models").out
    for row in rows:
        wanted = (
            ["weights_licence"] if row["kind"] == "models" else ["licence", "model"]
        )
        assert all(row[word] in shown for word in wanted)
    assert "micro F1 0.585" in shown
    assert "ReadGithub" not in shown


@pytest.mark.parametrize("name", ["github", "ReadGithub"])
def test_a_name_shows_one_card(name):
    assert "Apache-2.0" in affectflow("plugins", name).out
    (row,) = affectflow("plugins", name, "--format", "json").rows
    assert row["name"] == "ReadGithub"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["plugins", "githu"], "no plugin is named 'githu'", id="name"),
        pytest.param(
            ["plugins", "github", "--kind", "models"],
            "no plugin is named 'github'; the nearest are ",
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
        pytest.param(
            ["themes", "lake"],
            "no `affectflow themes`; `affectflow mine LAKE` groups causes into themes",
            id="themes",
        ),
    ],
)
def test_what_is_not_there_is_answered_in_one_line(words, said):
    assert one_line(affectflow(*words), 2, said)


def test_files_are_listed_and_shown():
    rows = affectflow("plugins", "--format", "json").rows
    kinds = {row["name"]: row["kind"] for row in rows}
    (card,) = affectflow("plugins", "plutchik", "--format", "json").rows

    assert kinds["plutchik"] == "vocabularies"
    assert kinds["emotions"] == "views"
    assert card["labels"][0] == "anger"
    assert card["file"].endswith("plutchik.toml")


def test_a_file_that_is_broken_is_listed_as_such(bring):
    bring({"vocabularies/bad.toml": "labels = ["})

    rows = affectflow("plugins", "--kind", "vocabularies", "--format", "json").rows

    (bad,) = [row for row in rows if row.get("broken")]
    assert bad["name"] == "bad"
    assert "bad.toml, line 1: " in bad["summary"]

    tested = affectflow("plugins", "test", "bad")
    assert (tested.code, tested.out.startswith("FAILED  ")) == (1, True)


def test_a_file_that_is_as_it_should_be_passes():
    tested = affectflow("plugins", "test", "plutchik")

    assert (tested.code, tested.out.startswith("ok      it is read: ")) == (0, True)


# -- plugins that are not as they should be ------------------------------------------

MODULE = """
from dataclasses import dataclass
from affectflow import Card
from affectflow.kinds.renderer import Cue, TextRenderer

class Baseless:
    card = Card(summary="has no base")

class Silent(TextRenderer):
    renderer_id, pattern = "silent@1", "x"
    def render(self, text):
        return []

@dataclass(kw_only=True)
class Blind(TextRenderer):
    least: int = 1
    renderer_id, pattern, card = "blind@1", "never", Card(summary="sees nothing")
    def render(self, text):
        return [Cue("letter", "letters", 1.0, "n", 0, 1)] if text else []

class Sick(Blind):
    def render(self, text):
        return 1 / 0
"""
POINTS = {
    "Baseless": "faulty:Baseless",
    "Silent": "faulty:Silent",
    "Blind": "faulty:Blind",
    "Sick": "faulty:Sick",
    "Absent": "not_there:Absent",
    "Taken": "faulty:Silent",
}


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Two distributions of plugins that break their promises; both claim `Taken`."""
    (tmp_path / "faulty.py").write_text(MODULE)
    for name, points in {"faulty": POINTS, "other": {"Taken": "faulty:Sick"}}.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        lines = [f"{point} = {value}" for point, value in points.items()]
        text = "\n".join(["[affectflow.renderers]", *lines])
        (info / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    registry._found.cache_clear()
    yield
    registry._found.cache_clear()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "Baseless",
            "plugin 'Baseless' (faulty:Baseless of faulty 1.0) is not a "
            "affectflow.kinds.renderer.Renderer: derive its class from it",
            id="without its base class",
        ),
        pytest.param(
            "Absent",
            "plugin 'Absent' (not_there:Absent) cannot be imported: "
            "ModuleNotFoundError: No module named 'not_there'; "
            "fix or uninstall 'faulty 1.0'",
            id="does not import",
        ),
        pytest.param("Silent", "its card has no summary of one line", id="no card"),
        pytest.param("Blind", "`pattern` misses a cue of", id="breaks a promise"),
        pytest.param("Sick", "ZeroDivisionError: division by zero", id="raises"),
    ],
)
def test_the_first_broken_promise_is_named_and_the_code_is_1(faulty, name, said):
    done = affectflow("plugins", "test", name)

    assert done.code == 1
    assert done.out.splitlines()[-1].startswith(f"FAILED  {said}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["Blind", "--set", "least=many"],
            "option `least` of renderer 'Blind' must be a whole number, got 'many'",
            id="an option of a wrong type",
        ),
        pytest.param(
            ["Blind", "--set", "lest=2"], "did you mean `least`?", id="no such option"
        ),
        pytest.param(
            ["Taken"],
            "'Taken' in affectflow.renderers is claimed by faulty:Silent of faulty 1.0 "
            "and faulty:Sick of other 1.0; uninstall one of them",
            id="a name that two have",
        ),
        pytest.param(["Blend"], "no plugin is named 'Blend'", id="no such plugin"),
    ],
)
def test_a_mistake_of_the_caller_is_told_in_one_line(faulty, words, said):
    assert one_line(affectflow("plugins", "test", *words), 2, said)


def test_faulty_plugins_are_reported_and_the_others_go_on(faulty):
    rows = affectflow("plugins", "--kind", "renderers", "--format", "json").rows

    broken = {row["name"]: row["summary"] for row in rows if row.get("broken")}
    assert set(broken) == {"Baseless", "Absent", "Taken"}
    assert all(said.startswith("BROKEN: ") for said in broken.values())
    assert {"RenderEmoji", "Blind"} <= {row["name"] for row in rows} - set(broken)
    doctor = affectflow("doctor")
    assert one_line(doctor, 2, "plugin Absent: BROKEN")
    said = [line.split()[:4] for line in doctor.out.splitlines()]
    assert ["plugins", "│", "ok", "│"] in said
    assert all(["plugin", name, "│", "BROKEN"] in said for name in broken)


def test_a_source_that_two_claim_does_not_keep_others_from_being_recognised(
    tmp_path, monkeypatch
):
    for name in ("one", "two"):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        point = f"[affectflow.connectors]\nReadTaken = {name}:ReadTaken\n"
        (info / "entry_points.txt").write_text(point)
    monkeypatch.syspath_prepend(tmp_path)
    registry._found.cache_clear()

    found, _ = recognised("posts.csv", b"utterance_id,text\n1,hello\n")

    registry._found.cache_clear()
    assert found.__name__ == "ReadCsv"


SICK_SOURCE = """
from dataclasses import dataclass
from affectflow import Card
from affectflow.sources.files import FileSource

@dataclass(kw_only=True)
class ReadSick(FileSource):
    card = Card(summary="cannot look at a file")
    def read_split(self, split):
        return iter(())
    @classmethod
    def recognises(cls, name, head):
        return 1 / len(head.partition(b"\\n")[2])
"""


@pytest.fixture
def sick_source(tmp_path, monkeypatch):
    """A source that fails where `--source auto` shows it a file of one line."""
    (tmp_path / "sick_source.py").write_text(SICK_SOURCE)
    info = tmp_path / "sick-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: sick\nVersion: 1.0\n")
    point = "[affectflow.connectors]\nReadSick = sick_source:ReadSick\n"
    (info / "entry_points.txt").write_text(point)
    monkeypatch.syspath_prepend(tmp_path)
    registry._found.cache_clear()
    yield tmp_path
    registry._found.cache_clear()


def test_a_source_that_fails_to_look_is_named_and_another_recognises(sick_source):
    with pytest.warns(LeftOutWarning, match="ReadSick failed to look at 'posts.csv'"):
        found, _ = recognised("posts.csv", b"utterance_id,text")

    assert found.__name__ == "ReadCsv"


def test_a_source_that_fails_to_look_breaks_a_promise(sick_source):
    paths = f"paths={sick_source / 'sick_source.py'}"

    done = affectflow("plugins", "test", "ReadSick", "--set", paths)

    assert done.code == 1
    assert "`recognises` fails at b'': ZeroDivisionError" in done.out.splitlines()[-1]


def test_a_card_says_what_options_mean_and_which_columns_are_needed():
    shown = affectflow("plugins", "BradleyTerry").out
    (row,) = affectflow("plugins", "BradleyTerry", "--format", "json").rows

    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert any(
        line.startswith("ties │ half │ `half` a win for both;") for line in lines
    )
    assert "draws │ 0 │ bootstrap draws of `unit`; 0 for no intervals." in lines
    assert "model │ needed │ one of the two" in lines
    assert row["columns"][-1] == {
        "name": "unit",
        "needed": False,
        "doc": "what intervals resample: an item or conversation",
    }
