"""SequenceClassifier: scores, batches, and what its annotator says."""

import json
import threading

import numpy as np
import pytest

from affectflow import schemas
from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.loading import multiplies_bfloat16
from tests.given.tiny_classifier import TEXTS, WORDS, handler_for, save_tiny
from tests.given.utterance_batches import batch_of


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return save_tiny(
        tmp_path_factory.mktemp("models") / "several",
        problem_type="multi_label_classification",
    )


def annotated(handler, texts, model=None):
    return handler.apply(batch_of(texts), model or handler.load_model())


def scores(out):
    """Returns the scores of each row by label, or None of a row without labels."""
    return [
        {each["label"]: each["score"] for each in row} if row else None
        for row in out["annotations"].to_pylist()
    ]


class Trap:
    """Wraps a network: raises when a batch matches, and notes the batches' shapes."""

    def __init__(self, network, springs, error):
        self.network, self.springs, self.error = network, springs, error
        self.device, self.config, self.shapes = network.device, network.config, []

    def __call__(self, input_ids, attention_mask):
        self.shapes.append(tuple(input_ids.shape))
        if self.springs(input_ids):
            raise self.error("sprung")
        return self.network(input_ids=input_ids, attention_mask=attention_mask)


def trapped(model, springs, error):
    """Returns the model and the trap that its network is in now."""
    trap = model.network.module = Trap(model.network.module, springs, error)
    return model, trap


def poisoned(model):
    word = 4 + WORDS.index("poison")
    return trapped(model, lambda ids: bool((ids == word).any()), KeyError)[0]


@pytest.mark.torch
@pytest.mark.parametrize("max_batch_tokens", [1, 8, 4_096])
def test_scores_do_not_depend_on_the_size_of_micro_batches(tiny, max_batch_tokens):
    texts = [" ".join(WORDS[i % 9 :][: 1 + i % 5]) for i in range(40)]
    reference = annotated(handler_for(tiny, max_batch_tokens=64), texts)

    out = annotated(handler_for(tiny, max_batch_tokens=max_batch_tokens), texts)

    for mine, theirs in zip(scores(out), scores(reference), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


@pytest.mark.torch
def test_every_row_gets_the_scores_of_its_own_text(tiny):
    handler = handler_for(tiny)
    alone = [scores(annotated(handler, [text]))[0] for text in TEXTS]

    together = scores(annotated(handler, TEXTS))

    assert len({tuple(sorted(row.items())) for row in alone}) == len(TEXTS)
    for mine, theirs in zip(together, alone, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


@pytest.mark.torch
def test_scores_are_those_of_the_library_itself(tiny):
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(tiny)
    with torch.inference_mode():
        logits = network(**tokenizer(TEXTS[1], return_tensors="pt")).logits
    expected = logits.softmax(-1)[0].numpy()

    model = handler_for(tiny).load_model()
    row = scores(annotated(handler_for(tiny), [TEXTS[1]], model))[0]

    for label, score in row.items():
        assert score == pytest.approx(
            expected[model.space.labels.index(label)], abs=1e-5
        )


@pytest.mark.torch
def test_scores_of_bfloat16_are_those_of_float32_but_for_rounding(tmp_path):
    folder = save_tiny(tmp_path, initializer_range=0.1)
    exact, rounded = (
        scores(annotated(handler_for(folder, dtype=dtype), TEXTS))
        for dtype in ("float32", "bfloat16")
    )

    # Eight bits of a number are kept.
    assert exact != rounded
    for one, other in zip(exact, rounded, strict=True):
        assert other == pytest.approx(one, abs=2**-6)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        pytest.param({"amx_bf16": True, "avx512_bf16": True}, True, id="AMX"),
        pytest.param({"amx_bf16": False, "avx512_bf16": True}, True, id="AVX-512"),
        pytest.param({"amx_bf16": False, "avx512_bf16": False}, False, id="neither"),
        pytest.param({"amx_tile": True, "avx512_f": True}, False, id="not of bfloat16"),
        pytest.param({}, False, id="torch does not tell"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_multiplies_it(capabilities, expected):
    assert multiplies_bfloat16(capabilities) == expected


@pytest.mark.torch
def test_a_poisonous_text_fails_alone(tiny):
    texts = [*TEXTS * 3, "this poison", *TEXTS, "poison"]
    handler = handler_for(tiny)

    out = annotated(handler, texts, poisoned(handler.load_model()))

    dead = [i for i, row in enumerate(out["errors"].to_pylist()) if row]
    assert dead == [12, 17]
    assert out["errors"][12].as_py()[0]["error_type"] == "KeyError"
    assert out["annotations"][12].as_py() == []
    clean = scores(annotated(handler, texts))
    for i in set(range(18)) - {12, 17}:
        assert scores(out)[i] == pytest.approx(clean[i], abs=1e-5)


@pytest.mark.torch
def test_when_memory_runs_out_the_budget_falls_for_good(tiny):
    import torch

    handler = handler_for(tiny, max_batch_tokens=64)
    model, trap = trapped(
        handler.load_model(), lambda ids: ids.numel() > 20, torch.OutOfMemoryError
    )
    texts = ["good", "not good", "why not good"] * 4 + ["not " * i for i in range(9)]

    out = annotated(handler, texts, model)

    assert "errors" not in out.schema.names
    assert model.network.max_batch_tokens <= 20
    failures = sum(rows * longest > 20 for rows, longest in trap.shapes)
    annotated(handler, texts, model)
    assert sum(rows * longest > 20 for rows, longest in trap.shapes) == failures
    clean = scores(annotated(handler, texts))
    for mine, theirs in zip(scores(out), clean, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


@pytest.mark.torch
def test_a_token_without_embedding_fails_its_own_row_only(tmp_path):
    handler = handler_for(save_tiny(tmp_path, vocab_size=4 + len(WORDS) - 1))

    out = annotated(handler, ["thanks", "good", "why"])

    assert [bool(row) for row in out["errors"].to_pylist()] == [False, True, False]
    assert "vocabulary" in out["errors"][1].as_py()[0]["message"]


@pytest.mark.torch
def test_a_text_over_the_limit_is_cut_and_says_so(tiny):
    out = annotated(handler_for(tiny, max_tokens=5), ["this is not good", "this is it"])

    statuses = [{a["status"] for a in row} for row in out["annotations"].to_pylist()]
    assert statuses == [{"truncated"}, {"ok"}]
    assert scores(out)[0] == pytest.approx(
        scores(annotated(handler_for(tiny), ["this is not"]))[0], abs=1e-5
    )


@pytest.mark.torch
def test_silence_is_not_scored(tiny):
    out = annotated(handler_for(tiny), ["thanks", "", None])

    statuses = [[a["status"] for a in row] for row in out["annotations"].to_pylist()]
    assert statuses[1:] == [["no_author_text"]] * 2
    assert set(statuses[0]) == {"ok"}


@pytest.mark.torch
def test_a_text_that_comes_often_is_read_once(tiny):
    handler = handler_for(tiny)
    model, trap = trapped(handler.load_model(), lambda ids: False, KeyError)

    out = annotated(handler, ["thanks", "good"] * 50, model)

    assert sum(rows for rows, _ in trap.shapes) == 2
    assert scores(out)[0] == scores(out)[98]


@pytest.mark.torch
def test_an_empty_batch_is_annotated(tiny):
    out = annotated(handler_for(tiny), [])

    assert out.num_rows == 0
    assert out.schema.field("annotations").type == schemas.ANNOTATIONS_COLUMN.type


@pytest.mark.torch
def test_labels_that_exclude_one_another_sum_to_one_and_one_is_chosen(tiny):
    out = annotated(handler_for(tiny), TEXTS)

    for row in out["annotations"].to_pylist():
        assert sum(each["score"] for each in row) == pytest.approx(1, abs=0.1)
        assert row[0]["chosen"] is True
        assert sum(each["chosen"] for each in row) == 1


@pytest.mark.torch
def test_a_multi_label_model_chooses_every_label_over_the_threshold(several):
    out = annotated(handler_for(several, threshold=0.3), TEXTS)

    rows = out["annotations"].to_pylist()
    assert any(sum(each["chosen"] for each in row) > 1 for row in rows)
    for row in rows:
        for each in row:
            assert each["chosen"] == (each["score"] >= np.float32(0.3))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("labels", "vocabulary", "first"),
    [
        pytest.param(
            ("Sadness", "anger", "disgust", "fear", "joy", "surprise"),
            "ekman",
            "sadness",
            id="a known vocabulary in any order and case",
        ),
        pytest.param(("calm", "Cross"), "mine", "calm", id="one of its own"),
    ],
)
def test_the_vocabulary_is_recognised(tmp_path, labels, vocabulary, first):
    own = vocabulary if vocabulary == "mine" else ""
    folder = save_tiny(tmp_path / "m", labels)

    space = handler_for(folder, vocabulary=own).load_model().space

    assert (space.vocabulary, space.labels[0]) == (vocabulary, first)


@pytest.mark.torch
def test_two_threads_get_what_one_gets(tiny):
    handler = handler_for(tiny)
    model = handler.load_model()
    expected = annotated(handler, TEXTS * 20, model)
    found = []

    def work():
        found.append(annotated(handler, TEXTS * 20, model))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert all(out.equals(expected) for out in found)


@pytest.mark.torch
def test_the_annotator_names_digest_and_licence(tmp_path):
    folder = save_tiny(tmp_path / "m")
    (tmp_path / "m" / "README.md").write_text("---\nlicense: MIT\n---\n# A model\n")

    row = handler_for(folder).annotator()

    assert set(row) <= set(schemas.ANNOTATORS.names)
    assert (row["licence"], row["commercial_use"]) == ("mit", True)
    assert row["annotator_id"].startswith(f"m@{row['revision'][:8]}+")
    assert json.loads(row["parameters"])["dtype"] == "float32"
    other = handler_for(folder, threshold=0.9).annotator()
    assert other["annotator_id"] != row["annotator_id"]
    elsewhere = handler_for(folder, max_batch_tokens=1).annotator()
    assert elsewhere["annotator_id"] == row["annotator_id"]


@pytest.mark.torch
def test_other_weights_are_another_revision(tmp_path):
    one = save_tiny(tmp_path / "one")
    two = save_tiny(tmp_path / "two", initializer_range=0.4)

    assert source.revision_of(one, "") != source.revision_of(two, "")
    with pytest.raises(UsageError, match="holds revision"):
        source.revision_of(two, source.revision_of(one, "")[:12])


@pytest.mark.torch
def test_a_head_of_three_values_gives_each_under_its_own_name(tmp_path):
    """Which output is which is what the config declares, whatever their number says."""
    order = ("arousal", "dominance", "valence")
    save_tiny(tmp_path, order, planted=(1.4, 5.0, 2.2), problem_type="regression")

    mapped = annotated(handler_for(str(tmp_path), vocabulary="", scale=(1, 5)), TEXTS)

    for row in mapped["annotations"].to_pylist():
        # From 1 to 5 onto 0 to 1: (x - 1) / 4.
        values = {each["task"]: each["value"] for each in row}
        wanted = {"arousal": 0.1, "dominance": 1.0, "valence": 0.3}
        assert values == pytest.approx(wanted, abs=1e-6)
        assert {(a["vocabulary"], a["score"], a["chosen"]) for a in row} == {
            ("vad", None, True)
        }


@pytest.mark.torch
@pytest.mark.parametrize(
    "vocabulary", [pytest.param("", id="vad"), pytest.param("mine", id="one's own")]
)
def test_a_value_outside_the_scale_is_no_answer(tmp_path, vocabulary):
    order = ("arousal", "valence")
    save_tiny(tmp_path, order, planted=(-2.4, 0.25), problem_type="regression")

    handler = handler_for(str(tmp_path), vocabulary=vocabulary, scale=(0, 1))
    rows = annotated(handler, TEXTS)["annotations"].to_pylist()

    for row in rows:
        found = [(a["task"], a["value"], a["status"], a["raw"]) for a in row]
        assert found == [
            ("arousal", None, "out_of_range", "-2.4"),
            ("valence", 0.25, "ok", None),
        ]
