"""Rows 7 and 16 of the literature: what stimuli add to the answers of a prompt."""

import random

import pyarrow as pa
import pytest
from sklearn.metrics import f1_score

from affectflow import data
from affectflow.errors import LakeError, UsageError
from affectflow.kinds.prompt import Prompt, Step
from affectflow.kinds.stimulus import around
from affectflow.lake import Lake
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.prompt_uplift import PromptUplift
from tests.given.factories import utterances
from tests.given.moods import MOOD
from tests.given.people import add_rows, people_say
from tests.given.scripted import install_scripted, prompt_file, scripted


def rows_of(rows, **options) -> list[dict]:
    measure = PromptUplift(**options)
    batch = pa.RecordBatch.from_pylist(rows, schema=measure.reads)
    return measure.extract(measure.add(measure.create(), batch)).to_pylist()


def figures(rows, **options) -> dict[tuple[str, str], float]:
    found = rows_of(rows, **options)
    return {(row["unit_id"], row["label"]): row["value"] for row in found}


def answers(gold, base, label, stimulus="positive:EP02", **more):
    """Returns a row for each letter of the labels."""
    return [
        {"item": f"{place}", "gold": g, "base": b, "label": told, "stimulus": stimulus}
        | more
        for place, (g, b, told) in enumerate(zip(gold, base, label, strict=True))
    ]


# -- figures ---------------------------------------------------------------------------


def test_from_half_to_54_of_100_is_8_percent_of_what_there_was():
    gold = "ab" * 50
    base = gold[:50] + "x" * 50
    told = gold[:54] + "x" * 46

    found = figures(answers(gold, base, told))

    said = {label: value for (_, label), value in found.items()}
    assert said == pytest.approx(
        {"accuracy": 0.54, "accuracy_without": 0.5, "uplift": 0.04, "relative": 0.08}
    )


def test_what_helps_most_comes_first_and_what_does_nothing_is_0():
    gold, base = "ab" * 20, "aa" * 20
    rows = [
        *answers(gold, base, base, "positive:EP01"),
        *answers(gold, base, gold, "positive:EP02"),
        *answers(gold, base, "bb" * 20, "negative:NP01"),
        *answers(gold, base, "xb" * 10 + "ax" * 10, "negative:NP02"),
    ]

    found = [row for row in rows_of(rows) if row["label"] == "uplift"]

    assert [(row["unit_id"], row["value"]) for row in found] == [
        ("positive:EP02", 0.5),
        ("negative:NP01", 0.0),
        ("negative:NP02", 0.0),
        ("positive:EP01", 0.0),
    ]


def test_an_interval_is_of_pairs_drawn_by_conversation():
    draw = random.Random(5)
    gold = "".join(draw.choice("ab") for _ in range(60))
    base = "".join(g if n % 2 else "x" for n, g in enumerate(gold))
    # As many are right as before, but others.
    swapped = "".join("x" if n % 2 else g for n, g in enumerate(gold))
    rows = [*answers(gold, base, gold), *answers(gold, base, swapped, "positive:EP03")]
    for row in rows:
        row["unit"] = f"c{int(row['item']) // 3}"

    found = rows_of(rows, draws=60)

    uplift = {row["unit_id"]: row for row in found if row["label"] == "uplift"}
    helps, moves = uplift["positive:EP02"], uplift["positive:EP03"]
    assert 0 < helps["low"] < helps["value"] == 0.5 < helps["high"]
    assert moves["low"] < moves["value"] == 0 < moves["high"]


def test_without_units_items_are_drawn():
    rows = answers("ab" * 10, "aa" * 10, "ab" * 10)

    (uplift,) = [r for r in rows_of(rows, draws=40) if r["label"] == "uplift"]

    assert uplift["low"] < 0.5 < uplift["high"]


def test_macro_f1_is_that_of_scikit_learn_over_the_labels_of_gold():
    gold, base, told = "aabbbccc", "abbbcaax", "aabbbccx"

    found = figures(answers(gold, base, told), figure="macro_f1")

    for label, answered in (("macro_f1", told), ("macro_f1_without", base)):
        theirs = f1_score(
            list(gold), list(answered), labels=list("abc"), average="macro"
        )
        assert found["positive:EP02", label] == pytest.approx(theirs)


def test_annotators_are_told_apart():
    rows = [
        *answers("ab", "aa", "ab", annotator_id="m@1"),
        *answers("ab", "aa", "aa", annotator_id="n@1"),
    ]

    found = figures(rows)

    assert found["positive:EP02 of m@1", "uplift"] == 0.5
    assert found["positive:EP02 of n@1", "uplift"] == 0


def test_labels_are_compared_without_regard_to_case_and_an_empty_answer_is_wrong():
    found = figures(answers(["Joy", "fear"], [" joy", ""], ["JOY", "fear "]))

    assert found["positive:EP02", "accuracy_without"] == 0.5
    assert found["positive:EP02", "accuracy"] == 1


@pytest.mark.parametrize(
    ("rows", "whys"),
    [
        (answers("aa", "ab", "aa"), {"gold has only one label"}),
        (answers("ab", "xx", "ab"), {"nothing is right without it"}),
    ],
)
def test_where_nothing_can_be_said_there_is_a_reason(rows, whys):
    found = rows_of(rows)

    assert {row["why"] for row in found if row["value"] is None} == whys


def test_a_figure_of_another_name_is_refused():
    with pytest.raises(
        UsageError, match="`figure` must be accuracy or macro_f1, got 'f1'"
    ):
        PromptUplift(figure="f1")


def test_a_file_without_a_twin_or_gold_is_refused_by_name(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("item,gold,label,stimulus\n1,joy,joy,positive:EP02\n")

    with pytest.raises(UsageError, match=r"'base'.*columns here: item, gold, label"):
        measure_file(str(path), "PromptUplift")


# -- lakes -----------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path, monkeypatch, own_configuration):
    """Six utterances, answered without a stimulus and with three, by one model."""
    install_scripted(tmp_path / "site", monkeypatch)
    uri, path = str(tmp_path / "lake"), prompt_file(tmp_path, MOOD)
    batch = utterances(*("it broke", "thanks") * 3)
    Lake.create(uri)
    helped = data.find("stimuli", "positive").table()["texts"]["EP02"]

    def script(question, request):
        if helped in question and "broke" in question:
            return "bad"
        return "good"

    stimuli = ("positive:0", "positive:EP01", "positive:EP02", "negative:NP01")
    for stimulus in stimuli:
        answer(uri, path, script, batch, decode="text", stimulus=stimulus)
    # Another prompt with a stimulus, whose twin nobody asked.
    other = prompt_file(tmp_path, MOOD.replace("How", "So how"), name="other")
    answer(uri, other, script, batch, decode="text", stimulus="positive:EP02")
    return uri


def answer(uri, path, script, batch, **options) -> None:
    handler = scripted(path, script, **options)
    rows = handler.apply(batch, handler.load_model()).column("annotations").to_pylist()
    names = ("utterance_id", "conversation_id")
    places = batch.select(names).to_pylist()
    pairs = zip(places, rows, strict=True)
    said = [{**place, **one} for place, each in pairs for one in each]
    add_rows(uri, "annotations", said)
    add_rows(uri, "annotators", [handler.annotator()])


@pytest.mark.rotated
def test_in_a_lake_answers_are_paired_with_those_of_the_unstimulated_twin(lake):
    ids = utterances(*("it broke", "thanks") * 3).column("utterance_id").to_pylist()
    people_say(lake, [
        *({"utterance_id": i, "label": ("bad", "good")[n % 2], "task": "mood"}
          for n, i in enumerate(ids[:5])),
        {"utterance_id": ids[4], "label": "good", "task": "mood", "rater": "ben"},
    ])  # fmt: skip

    found = measure_lake(lake, "PromptUplift", options={"task": "mood"})

    uplift = [
        (row["unit_id"].partition(" of ")[0], row["value"], row["n"])
        for row in found.rows
        if row["label"] == "uplift"
    ]
    # Of four with gold, two broke: only EP02 finds that.
    assert uplift == [
        ("positive:EP02", 0.5, 4),
        ("negative:NP01", 0, 4),
        ("positive:EP01", 0, 4),
    ]
    assert found.left_out == {
        "gold is empty, or people are divided": 3,
        "no base": 5,
        "no gold": 4,
    }


def test_without_gold_nothing_counts_and_it_is_said(lake):
    with pytest.raises(UsageError, match=r"0 counted, .* 24 left out: no gold"):
        measure_lake(lake, "PromptUplift", options={"task": "mood"})


@pytest.mark.rotated
def test_a_lake_without_a_stimulus_is_told_what_it_needs(tmp_path, own_configuration):
    uri = str(tmp_path / "lake")
    Lake.create(uri)
    people_say(uri, [{"utterance_id": "test:0", "label": "joy"}])

    with pytest.raises(LakeError, match="stimulus=positive:EP02"):
        measure_lake(uri, "PromptUplift")


# -- packs -----------------------------------------------------------------------------


def prompt(name: str) -> Prompt:
    step = Step(name="mood", text=f"{name}? {{text}}", parser="label")
    return Prompt(name=name, task="mood", steps=(step,))


def texts_of(pack: str) -> dict[str, str]:
    return data.find("stimuli", pack).table()["texts"]


def test_packs_have_the_ids_of_the_papers():
    assert list(texts_of("positive")) == [f"EP{n:02}" for n in range(1, 12)]
    assert list(texts_of("negative")) == [f"NP{n:02}" for n in range(1, 11)]


def test_the_sixth_encouragement_of_the_paper_is_made_of_the_first_three():
    asked = prompt("How")
    texts = texts_of("positive")

    compound = around(asked, "positive:EP01+EP02+EP03").steps[0].text

    assert compound == "\n".join(
        ("How? {text}", *(texts[f"EP0{n}"] for n in (1, 2, 3)))
    )
    assert (
        around(asked, "positive:EP06").steps[0].text
        == f"How? {{text}}\n{texts['EP06']}"
    )


@pytest.mark.parametrize("pack", ["positive", "negative"])
def test_what_is_left_without_the_stimulus_is_the_prompt(pack):
    asked = prompt("How")

    for name, text in texts_of(pack).items():
        told = around(asked, f"{pack}:{name}").steps[0].text
        assert told.endswith(text)
        assert told.removesuffix(text).rstrip() == asked.steps[0].text
    assert around(asked, f"{pack}:0") == asked


def test_without_a_separator_it_is_the_string_of_the_paper(tmp_path):
    path = tmp_path / "published.toml"
    path.write_text('separator = ""\n[texts]\nNP01 = "Perhaps it is too hard."\n')

    told = around(prompt("How"), f"{path}:NP01").steps[0].text

    assert told == "How? {text}Perhaps it is too hard."


def test_each_stimulus_of_each_prompt_is_another_prompt():
    ids = [f"{p}:{i}" for p in ("positive", "negative") for i in (0, *texts_of(p))]

    digests = {around(prompt(name), i).digest for name in ("How", "So") for i in ids}

    # Two prompts, each bare and with one of 11 and 10; their order tells more apart.
    assert len(digests) == 2 * (1 + 11 + 10)
    both = [around(prompt("How"), f"positive:{i}") for i in ("EP01+EP02", "EP02+EP01")]
    assert both[0].digest != both[1].digest
