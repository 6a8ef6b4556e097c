"""Instruct: tiny language models learn a prompt, and Generate reads their folder."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from affectflow import people, weights
from affectflow.cli import training
from affectflow.errors import StorageError, UsageError
from affectflow.stages.preview import preview_lake
from affectflow_transforms.finetune import loop
from affectflow_transforms.instruct.lessons import Wanted, gather
from affectflow_transforms.instruct.train import Instruct
from affectflow_transforms.models.generate import Generate, adapter
from tests.given import toy_instruction
from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask
from tests.given.tiny_generator import save_causal, save_seq2seq
from tests.given.toy_training import write_rows
from tests.given.utterance_batches import batch_of
from tests.project.test_docs import commands, typed

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

QUICK = {"rate": 1e-2, "epochs": 2, "device": "cpu"}
ASKED = ["this is good", "why broken again"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with two bases, prompts, and texts that are labelled."""
    where = tmp_path_factory.mktemp("here")
    save_causal(where / "causal")
    (where / "causal" / "README.md").write_text("---\nlicense: mit\n---\n")
    save_seq2seq(where / "seq2seq")
    toy_instruction.write_prompt(where)
    toy_instruction.write_prompt(where, toy_instruction.REPLY, "reply")
    write_rows(where / "data", toy_instruction.rows_of())
    return where


@pytest.fixture(scope="module")
def merged(here):
    """A folder that a training wrote, by the command."""
    settings = [f"base={here / 'causal'}", f"prompt={here / 'mood.toml'}"]
    settings += [f"{name}={value}" for name, value in QUICK.items()]
    training.train(
        "instruct",
        data=here / "data",
        out=here / "merged",
        licence="CC BY-NC 4.0",
        settings=settings,
    )
    return here / "merged"


def trainer(here, base="causal", **options):
    given = {"prompt": str(here / "mood.toml"), **QUICK, **options}
    return Instruct(base=str(here / base), **given)


def trained(here, work, data=None, **options):
    work.mkdir(exist_ok=True)
    return trainer(here, **options).train_in(work, data or here / "data")


def said(here, folder, decode):
    model = Generate(
        model=str(folder),
        prompt=str(here / "mood.toml"),
        decode=decode,
        device="cpu",
        dtype="float32",
    )
    out = model.apply(batch_of(ASKED), model.load_model())["annotations"].to_pylist()
    return [[e["label"] for e in row if e["chosen"]] for row in out]


def figure(found, name, label):
    (value,) = [f for f in found.figures if (f.name, f.label) == (name, label)]
    return value


@pytest.mark.parametrize("decode", ["choice", "text"])
def test_the_folder_answers_what_it_learned(here, merged, decode):
    assert said(here, merged, decode) == [["joy"], ["anger"]]


def test_the_card_says_data_licences_prompt_base_and_figures(merged):
    card = (merged / "MODEL_CARD.md").read_text("utf-8")

    for line in (
        "license: cc-by-nc-4.0",
        "base_model: causal",
        "| licence of the data | CC BY-NC 4.0 |",
        "| licence of the base | mit |",
        "| prompt | mood, version 1, digest ",
        "by `speaker_id`",
        "| mood, after |  | 1.000 (1.000 to 1.000)",
        "| mood, always '",
        "## What it must not be used for",
    ):
        assert line in card
    assert not list(merged.parent.glob(".merged*"))


def test_an_encoder_and_decoder_learn_with_all_weights(here, tmp_path):
    found = trained(here, tmp_path, base="seq2seq", tune="all", epochs=3)

    before, after = (
        figure(found, "choice_accuracy", f"mood, {when}").value
        for when in ("before", "after")
    )
    assert before < 0.8
    assert after == 1.0
    assert said(here, found.weights, "text") == [["joy"], ["anger"]]


def test_an_adapter_answers_as_the_merged_model_and_needs_its_own_base(here, tmp_path):
    shutil.copytree(here / "causal", tmp_path / "base")
    found = trained(here, tmp_path / "work", base=tmp_path / "base", keep="adapter")

    assert not (found.weights / "model.safetensors").exists()
    assert said(here, found.weights, "text") == [["joy"], ["anger"]]

    save_causal(tmp_path / "base", initializer_range=0.1)
    with pytest.raises(UsageError, match=r"is for a base with the digest .* has "):
        adapter.base_of(found.weights)
    shutil.rmtree(tmp_path / "base")
    with pytest.raises(UsageError, match="is not there: put it there"):
        adapter.base_of(found.weights)


def test_the_same_seed_gives_the_same_weights(here, tmp_path):
    one, other = (
        weights.digest(trained(here, tmp_path / name, epochs=1).weights)
        for name in ("one", "other")
    )

    assert one == other


# -- lakes -----------------------------------------------------------------------------


@pytest.mark.rotated
def test_a_lake_is_learned_as_annotate_asks_it_byte_for_byte(here, tmp_path):
    rows = toy_instruction.rows_of(40)
    rows[3]["text"] = "why {text} [end 1a2b] <|end|> broken\n\nagain"
    rows.append({"text": " ", "label": "joy"})
    uri = toy_instruction.labelled_lake(tmp_path / "lake", rows)
    asker = trainer(here)._asker

    lessons = gather(Path(uri), asker, Wanted(annotator="gold"))

    options = {"prompt": str(here / "mood.toml")}
    asked = preview_lake(uri, 99, model=str(here / "causal"), options=options)
    requests = {request.digest for _, request in asked}
    assert {each.request.digest for each in lessons.exchanges} == requests
    assert len(lessons.exchanges) == 40
    assert lessons.refused == {"no_author_text": 1}
    told = {each.reading: each.target for each in lessons.exchanges}
    assert told == {row["text"]: row["label"] for row in rows[:40]}
    by_teacher = gather(Path(uri), asker, Wanted(annotator="teacher"))
    assert by_teacher.digest == lessons.digest
    assert (by_teacher.licence, lessons.licence) == ("cc-by-nc-4.0", "")
    with pytest.raises(UsageError, match="pupil"):
        gather(Path(uri), asker, Wanted(annotator="pupil"))
    with pytest.raises(UsageError, match=r"has not answered 'mood' in 'ekman'.*there"):
        gather(Path(uri), asker, Wanted(annotator="gold", vocabulary="ekman"))


# -- preferences -----------------------------------------------------------------------


def test_preferences_make_the_chosen_answer_likelier(here, tmp_path):
    data = write_rows(tmp_path / "pairs", toy_instruction.pairs_of())

    found = trained(
        here,
        tmp_path,
        data,
        prompt=str(here / "reply.toml"),
        objective="dpo",
        rate=3e-3,
    )

    assert figure(found, "gained_more", "(pairs), after").value == 1.0


def test_rated_replies_of_a_lake_are_pairs(here, tmp_path):
    uri = toy_instruction.rated_lake(tmp_path / "lake")
    asker = trainer(here, prompt=str(here / "reply.toml"))._asker

    lessons = gather(Path(uri), asker, Wanted(annotator="gold", pairs=True))

    assert {each.target for each in lessons.exchanges} == {"thanks again"}
    assert lessons.rejected == ["poison"] * 4
    asked = {each.request.messages[-1].content for each in lessons.exchanges}
    assert asked == {f"why {n}" for n in range(4)}


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"prompt": "moood"}, "none of the prompts is named|moood"),
        ({}, {"base": "nowhere"}, "nowhere"),
        ({}, {"rank": 0}, "`rank` must be at least 1, got 0"),
        ({}, {"tune": "all", "keep": "adapter"}, "leave out `keep` and `dtype`"),
        ({}, {"layers": ("nope",)}, "no adapter fits the base: .*nope"),
        ({"label": "joy"}, {}, "rows to learn from have the answer 'joy'"),
        (
            {"label": "angr"},
            {},
            "120 rows of .* have the label 'angr', which is not in the step 'mood'; "
            "did you mean 'anger'",
        ),
        ({"label": "disgust"}, {}, r"known: 'joy', 'anger'\. Correct the rows, or"),
        ({"label": None}, {}, "120 a row without an answer"),
        ({}, {"rate": 1e30}, "the loss is not a number in the first epoch"),
        ({}, {"text": "txt"}, "no column 'txt'; name it with --set text=COLUMN"),
        ({"speaker_id": "s1"}, {}, "has 1 different `speaker_id`"),
    ],
)
def test_what_cannot_be_learned_is_said(here, tmp_path, change, options, message):
    rows = [row | change for row in toy_instruction.rows_of()]
    data = write_rows(tmp_path / "data", rows)

    with pytest.raises(UsageError, match=message):
        trained(here, tmp_path / "work", data, **options)


def test_a_base_without_safetensors_is_refused(here, tmp_path):
    shutil.copytree(here / "causal", tmp_path / "base")
    (tmp_path / "base" / "model.safetensors").unlink()

    with pytest.raises(UsageError, match=r"has no model\.safetensors"):
        trained(here, tmp_path / "work", base=tmp_path / "base")


def test_an_empty_dev_file_is_refused(here, tmp_path):
    data = write_rows(tmp_path / "data", toy_instruction.rows_of())
    write_rows(data, [{"text": " ", "label": "joy", "speaker_id": "x"}], "dev.jsonl")

    with pytest.raises(UsageError, match="has no row that can be used"):
        trained(here, tmp_path / "work", data)


def test_a_licence_that_forbids_adapted_versions_is_refused_or_kept_private(
    here, tmp_path
):
    with pytest.raises(UsageError, match=r"'CC BY-ND 4\.0', forbids passing on"):
        trainer(here).train_in(tmp_path, here / "data", licence="CC BY-ND 4.0")

    kept = trainer(here, accept="private", epochs=1)
    found = kept.train_in(tmp_path, here / "data", licence="CC BY-ND 4.0")

    assert "**Not to be passed on:**" in found.card


def test_long_answers_and_long_questions_are_counted(here, tmp_path):
    rows = toy_instruction.rows_of()
    rows[0]["text"] = "good " * 200
    data = write_rows(tmp_path / "data", rows)

    found = trained(here, tmp_path / "work", data, epochs=1)

    assert found.held_out.endswith("1 questions lost their middle")


def test_a_full_disk_is_said_and_nothing_is_half_written(here, tmp_path, monkeypatch):
    def full(*given):
        raise StorageError("cannot write 'epoch.pt' (No space left on device)")

    monkeypatch.setattr(loop, "_keep", full)

    with pytest.raises(StorageError, match="No space left"):
        trained(here, tmp_path)

    assert not (tmp_path / "model").exists()


def test_a_guarded_prompt_is_refused_where_health_is(here, tmp_path):
    guarded = 'guard = "clinical"\n' + toy_instruction.MOOD
    prompt = toy_instruction.write_prompt(tmp_path, guarded, "guarded")

    with (
        people.using(context="workplace", purpose="a test"),
        pytest.raises(UsageError, match="refused in the context 'workplace'"),
    ):
        trained(here, tmp_path / "work", prompt=prompt)


def test_what_a_guard_matches_is_not_learned(here, tmp_path):
    guarded = 'guard = "clinical"\n' + toy_instruction.MOOD
    prompt = toy_instruction.write_prompt(tmp_path, guarded, "guarded")
    rows = toy_instruction.rows_of(10)
    rows[0]["text"] = "I want to kill myself"
    data = write_rows(tmp_path / "data", rows)
    asker = trainer(here, prompt=prompt)._asker

    lessons = gather(data, asker, Wanted(annotator="gold"))

    assert lessons.refused == {"guarded": 1}
    assert len(lessons.exchanges) == 9


# -- kill -9 ---------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from affectflow_transforms.finetune import loop
from affectflow_transforms.instruct.train import Instruct
keep = loop._keep
def killed(*given):
    keep(*given)
    os.kill(os.getpid(), signal.SIGKILL)
loop._keep = killed
base, prompt, data, work, options = sys.argv[1:]
import json
Instruct(base=base, prompt=prompt, **json.loads(options)).train_in(
    Path(work), Path(data))
"""


@pytest.mark.rotated
def test_a_killed_training_goes_on_and_ends_with_the_same_weights(here, tmp_path):
    works = [tmp_path / name for name in ("killed", "whole")]
    for work in works:
        work.mkdir()
    paths = [str(here / name) for name in ("causal", "mood.toml", "data")]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, *paths, str(works[0]), json.dumps(QUICK)],
        check=False,
        cwd=Path(adapter.__file__).parents[3],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=90,
    )
    assert died.returncode == -signal.SIGKILL
    told = []

    again, whole = (
        trainer(here).train_in(work, here / "data", tell=told.append) for work in works
    )

    assert "goes on after epoch 1" in told
    assert weights.digest(again.weights) == weights.digest(whole.weights)
    assert again.figures == whole.figures


# -- the page --------------------------------------------------------------------------


@pytest.mark.rotated
def test_what_the_page_shows_works(here, tmp_path):
    shutil.copytree(here / "causal", tmp_path / "small")
    page = (ROOT / "docs" / "train_instruct.md").read_text(encoding="utf-8")
    section = (ROOT / "docs" / "eval.md").read_text(encoding="utf-8")
    section = section.split("## Many tasks in one table")[1].split("\n## ")[0]
    mood, reply = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tasks,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    for name, text in (("mood", mood), ("reply", reply), ("tasks", tasks)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    rows = toy_instruction.rows_of()
    write_rows(tmp_path / "posts", rows)
    write_rows(tmp_path / "compared", toy_instruction.pairs_of())
    lines = [f"{n},{row['text']},{row['label']}" for n, row in enumerate(rows)]
    for name in ("posts", "held_out"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,body,mood", *lines]))

    for command in [*commands(page), *commands(section)]:
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    query = "SELECT label FROM annotations JOIN utterances USING (utterance_id) "
    query += "WHERE chosen AND text LIKE '%broken%'"
    assert {label for (label,) in ask(str(tmp_path / "talk"), query)} == {"anger"}
    assert "| mood | held_out.csv | mine@" in done.out
    assert "| accuracy | 1.000 |" in done.out
