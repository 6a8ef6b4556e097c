"""GraphEEG from recordings to labels in a lake; and data that cannot be learned."""

import csv

import pytest

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.eeg.train import GraphEEG
from tests.given.command_line import affectflow
from tests.given.eeg_files import STEPS, bursts, write_data, write_edf
from tests.given.stage_runs import ask

pytestmark = [pytest.mark.torch, pytest.mark.eeg, pytest.mark.usefixtures("one_thread")]
OPTIONS = {"labels": STEPS, "epochs": 8, "batch": 32, "rate_of_learning": 0.02}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("eeg") / "data")


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """The folder that the command wrote, and what it said."""
    out = tmp_path_factory.mktemp("out") / "brain"
    said = affectflow(
        *("train", "graph-eeg", "--data", data, "--out", out),
        *("--licence", "CC BY-NC 4.0", "--set", f"labels={','.join(STEPS)}"),
        *("--set", "epochs=6", "--set", "batch=32"),
        *(
            "--set",
            "rate_of_learning=0.02",
            "--set",
            "vocabulary=speeds",
            "--format",
            "csv",
        ),
    )
    assert said.code == 0, said.err
    return out, said


def test_people_who_were_not_trained_on_are_labelled_right(data, trained):
    _, said = trained

    told = {tuple(row[:2]): row[2] for row in csv.reader(said.out.splitlines())}
    assert "held out: 6 of 30 recordings, 2 people" in said.err
    assert "3 rows choose the epoch, which is close to chance" in said.err
    assert "--model " in said.err
    assert " --context CONTEXT --purpose WHY (" in said.err
    assert [float(told["f1", step]) for step in STEPS] == [1, 1, 1]
    assert float(told["tri_precision", "(scale)"]) > 0.9


@pytest.mark.proof
def test_a_lake_is_labelled_with_licence_and_reason(data, trained, tmp_path):
    out, _ = trained
    unseen = write_edf(tmp_path / "unseen.edf", bursts("high", 6, 999))
    rows = tmp_path / "talk.csv"
    with rows.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "media", "from", "to"])
        writer.writerow(["whole", "it builds", unseen, "", ""])
        writer.writerow(["short", "it builds again", unseen, "0", "0.5"])
        writer.writerow(["gone", "and again", tmp_path / "gone.edf", "", ""])
        writer.writerow(["silent", "no recording", "", "", ""])
    lake = tmp_path / "lake"
    mapped = "text=text,utterance_id=id,media_uri=media,start_s=from,end_s=to"
    assert affectflow("ingest", rows, "--to", lake, "--map", mapped).code == 0

    done = affectflow(
        *("annotate", lake, "--model", out, "--context", "research"),
        *("--purpose", "a test of speeds"),
    )

    assert done.code == 1
    assert "refused 1 of 4 rows" in done.err
    found = ask(
        str(lake),
        "SELECT utterance_id, label, status, chosen FROM annotations "
        "WHERE task = 'emotion' AND (chosen OR status <> 'ok')",
    )
    told = {
        name.rpartition(":")[2]: (label, status) for name, label, status, _ in found
    }
    assert told["whole"] == ("high", "ok")
    assert told["short"] == (None, "abstained")
    assert told["silent"] == (None, "abstained")
    assert ask(str(lake), "SELECT licence FROM annotators WHERE kind = 'model'") == [
        ("CC BY-NC 4.0",)
    ]
    dead = ask(str(lake), "SELECT error_type FROM dead_letters")
    assert dead == [("unreadable_file",)]


def test_without_a_purpose_nobody_is_labelled(trained):
    out, _ = trained

    with pytest.raises(UsageError, match="add --context"):
        registry.make("models", "GraphEEG", {"weights": str(out)})


@pytest.mark.rotated
def test_a_second_training_is_the_same_to_the_byte_after_a_stop(data, tmp_path):
    """One that stops after three epochs goes on to the weights of one that did not."""
    options = OPTIONS | {"epochs": 4}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    whole = GraphEEG(**options).train_in(tmp_path / "a", data)

    class StoppedError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 3"):
            raise StoppedError

    with pytest.raises(StoppedError):
        GraphEEG(**options).train_in(tmp_path / "b", data, tell=stop)
    told = []
    again = GraphEEG(**options).train_in(tmp_path / "b", data, tell=told.append)

    assert "goes on after epoch 2" in told
    files = [next(each.weights.glob("*.safetensors")) for each in (whole, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


def _with_rows(folder, change):
    rows = list(csv.DictReader((folder / "train.csv").open(encoding="utf-8")))
    kept = [row for row in map(change, rows) if row]
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda r: r | {"label": "low"}, {}, "have the label 'low': give some"),
        (lambda r: r | {"label": r["label"][:3]}, {}, "did you mean 'low'|'mid'"),
        (lambda r: r | {"speaker_id": "p0"}, {}, "recordings of 1 `speaker_id`"),
        (lambda r: r | {"file": "gone.edf"}, {}, "no file '.*gone.edf'"),
        (lambda r: r, {"channels": ("O1", "Q7"), "regions": (2,)}, "channel 'Q7'"),
        (lambda r: r, {"labels": ()}, "needs the steps, the lowest first"),
        (lambda r: r | {"start_s": "soon"}, {}, "'soon', which is not a number"),
    ],
)
def test_data_that_cannot_be_learned_say_why(tmp_path, change, options, words):
    data = write_data(tmp_path / "data", people=3, seconds=1)
    _with_rows(data, change)

    with pytest.raises(UsageError, match=words):
        GraphEEG(**OPTIONS | options).train_in(tmp_path / "work", data)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"regions": (4, 4)}, "`regions` has 8 electrodes, and `channels` 14"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1, got 1.0"),
        ({"objective": "mse"}, "mse"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, words):
    with pytest.raises(UsageError, match=words):
        GraphEEG(**OPTIONS | options)
