"""A plan says what a model would be asked, and asks nothing."""

import pytest

from affectflow import stages
from affectflow.kinds.asking import Completion
from affectflow.lake import Lake
from affectflow.planning import rehearse as rehearsing
from affectflow.planning.foresee import Terms, plan_lake
from affectflow.planning.questions import Questions, questions_about
from affectflow.planning.rehearse import Analysis, Trial, rehearse
from affectflow.stages.runs.journal import LakeJournal
from affectflow.stages.runs.reading import read_part
from affectflow_transforms.models.endpoint.endpoint import Endpoint
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.model_server import ModelServer
from tests.given.rehearsals import took
from tests.given.scripted import install_scripted, prompt_file, scripted
from tests.given.stage_runs import store

PROMPT = """
task = "mood"
[[steps]]
name = "label"
text = "Which of {labels}? {text}"
parser = "one_label"
labels = ["joy", "fear"]
[[steps]]
name = "why"
text = "Why {label}? {text}"
parser = "whole"
when = "label=joy"
max_new_tokens = 30
"""


@pytest.fixture
def prompt(tmp_path, monkeypatch):
    install_scripted(tmp_path / "site", monkeypatch)
    return str(prompt_file(tmp_path, PROMPT))


def test_every_step_of_every_row_counts_and_equal_ones_once(prompt):
    batch = utterances("a", "a", "b", "")

    found = questions_about([batch], scripted(prompt, lambda *given: ""), None)

    # Three rows say something, and each is asked two steps.
    assert (found.rows, found.questions, found.distinct) == (4, 6, 4)
    assert found.tokens_out == 2 * 30
    assert (found.cost, found.rows_sent, found.characters_sent) == (0, 0, 0)


def test_what_leaves_the_machine_and_what_it_costs(prompt):
    url, rest = "https://models.example.org/v1", {"name": "tiny", "prompt": prompt}
    model = Endpoint(
        url=url, send_to="models.example.org", price_in=4e6, price_out=1e6, **rest
    )
    batch = utterances("a", "a", "b", "c", visibility=["public"] * 3 + ["private"])
    batch = batch.set_column(
        batch.schema.get_field_index("segments"),
        "segments",
        utterances(*"abcd", segments=[[]] * 4)["segments"],
    )

    found = questions_about([batch], model, None)

    assert (found.questions, found.distinct, found.rows_sent) == (6, 4, 3)
    # A label of four letters has at most three tokens, a reason has 30.
    assert found.tokens_out == 2 * (3 + 30)
    assert found.cost == found.characters_sent + found.tokens_out


def test_a_sample_is_scaled_to_all_rows(prompt):
    found = Questions(rows=10, questions=20, distinct=15, kept_answers=5, tokens_in=50)
    plan = Terms().plan("annotate", "digest", rows=1_000)

    planned = found.planned(plan, scripted(prompt, lambda *given: ""))

    assert (planned.questions, planned.calls) == (2_000, 1_000)
    assert (planned.kept_answers, planned.tokens) == (500, 5_000)
    assert planned.duplicate_share == 0.25


@pytest.fixture
def lake(tmp_path):
    store(str(tmp_path / "lake"), utterances("a", "a", "b", ""))
    return Lake.open(str(tmp_path / "lake"))


def test_a_rehearsal_does_not_ask_and_knows_what_the_journal_has(
    prompt, lake, monkeypatch
):
    tried = []

    def trial(rows, analysis, folder, buckets, model):
        tried.append(model)
        return Trial(lake=lake, rows=rows.num_rows, took={"ingest": took(4, 0.1)})

    monkeypatch.setattr(rehearsing, "run_trial", trial)
    options = {"name": "tiny", "prompt": prompt}
    analysis = Analysis(model="http://127.0.0.1:9/v1", options=options)
    (batch,) = [read_part(lake, name) for name in lake.parts()]
    (request, *_) = [found[0] for found in analysis.handler().foreseen(batch)]
    journal = LakeJournal(lake, analysis.handler().kept_under(), "r-1")
    journal.keep(request.digest, Completion(text="joy"), [])
    journal.close()

    found = rehearse(batch, analysis, of_a_part=4, seconds=1, lake=lake)

    assert tried == [False] * 3
    assert (found.questions.distinct, found.questions.kept_answers) == (4, 1)


@pytest.mark.proof
def test_a_plan_asks_nothing_and_says_what_would_be_asked(lake, prompt):
    with ModelServer() as server:
        options = {"name": "tiny", "prompt": prompt}
        given = ["--set", "name=tiny", "--set", f"prompt={prompt}"]
        said = affectflow("plan", lake.uri, "--model", server.url, *given)
        assert server.bodies == []
        stages.annotate_lake(lake.uri, model=server.url, options=options)
        other = Analysis(model=server.url, options={**options, "cues": "as_written"})
        plan = plan_lake(lake.uri, Terms(sample=10), other)[0]

    assert said.code == 0, said.err
    assert "annotate: 6 questions, 33% of them repeated, 0 answered before, 4" in (
        said.last_line
    )
    assert "nothing was asked" in said.last_line
    # The first step of both texts; the second shows the answer to it.
    assert (plan.questions, plan.calls, plan.kept_answers) == (6, 2, 2)
