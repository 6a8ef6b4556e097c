"""Generate: likelihoods, answers in words, batches, and what steers a model."""

import threading

import numpy as np
import pytest

from affectflow.errors import RowError, SaidOnceWarning, UsageError
from affectflow.kinds.asking import Message
from affectflow_transforms.models.generate import loading
from affectflow_transforms.models.generate.choosing import log_likelihoods
from affectflow_transforms.models.generate.completing import completed, layout_of
from affectflow_transforms.models.generate.layout import ended, laid_out
from affectflow_transforms.models.generate.rendering import rendered, tokenised
from affectflow_transforms.models.pretrained.forward import padded
from tests.given.tiny_generator import (
    LABELS,
    TOKENS,
    WORDS,
    asked,
    save_bloom,
    save_causal,
    save_seq2seq,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::affectflow.errors.SaidOnceWarning"),
]
TEXTS = ["this is not good", "thanks", "why is this broken again and again", "joy"]


def loaded(folder, **options):
    settings = {
        "device": "cpu",
        "dtype": "float32",
        "max_tokens": 0,
        "max_batch_tokens": 0,
        "trust_remote_code": False,
    }
    return loading.load(folder, **settings | options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def saved(folder):
    save_causal(folder / "causal")
    save_seq2seq(folder / "seq2seq")
    save_bloom(folder / "bloom")
    return folder


@pytest.fixture(scope="module")
def causal(saved):
    return loaded(saved / "causal")


@pytest.fixture(params=["causal", "seq2seq", "bloom"], scope="module")
def any_kind(request, saved):
    return loaded(saved / request.param)


class Trap:
    """Wraps a network: raises when a batch matches, and notes the batches' shapes."""

    def __init__(self, network, springs, error):
        self._network, self._springs, self._error = network, springs, error
        self.shapes = []

    def __call__(self, input_ids, **more):
        self.shapes.append(tuple(input_ids.shape))
        if self._springs(input_ids):
            raise self._error("sprung")
        return self._network(input_ids=input_ids, **more)

    def __getattr__(self, name):
        return getattr(self._network, name)


def naive(generator, text, label):
    """Returns the log likelihood of a label: one whole text at a time, in 64 bits."""
    import torch

    network = generator.module
    tokens = generator.writer(label, add_special_tokens=False)["input_ids"]
    prompt = generator.writer(
        rendered(generator, [Message("user", text)]), add_special_tokens=False
    )["input_ids"]
    network.double()
    with torch.inference_mode():
        if generator.is_seq2seq:
            logits = network(
                input_ids=torch.tensor([prompt]),
                decoder_input_ids=torch.tensor([[TOKENS["<pad>"], *tokens[:-1]]]),
            ).logits[0]
        else:
            logits = network(input_ids=torch.tensor([prompt + tokens])).logits[0]
            logits = logits[len(prompt) - 1 : -1]
    network.float()
    chances = logits.log_softmax(-1)
    return sum(float(chances[i, token]) for i, token in enumerate(tokens))


def shared_likelihoods(generator, texts):
    layout = layout_of(generator, LABELS)
    said = [rendered(generator, [Message("user", text)]) for text in texts]
    tokens = tokenised(generator, said, len(layout.tokens))
    rows = np.arange(len(texts))
    return log_likelihoods(generator, *padded(generator, tokens, rows)[:2], layout)


@pytest.mark.rotated
def test_likelihoods_are_those_of_a_forward_pass_for_each_label(any_kind):
    texts = TEXTS[:2]

    found = shared_likelihoods(any_kind, texts)

    expected = [[naive(any_kind, text, label) for label in LABELS] for text in texts]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.rotated
def test_a_network_that_cannot_share_the_prompt_is_found_out(saved, causal):
    with pytest.warns(SaidOnceWarning, match="'bloom' reads the prompt once for each"):
        bloom = loaded(saved / "bloom")

    assert causal.shares_prompt
    assert not bloom.shares_prompt


# -- batches ---------------------------------------------------------------------------


def questions(n):
    """Returns requests of many lengths, every third for words."""
    return [
        asked(
            " ".join(WORDS[i % 9 :][: 1 + i % 7]),
            () if i % 3 == 0 else LABELS,
            max_new_tokens=3,
        )
        for i in range(n)
    ]


def same(found, expected):
    for mine, theirs in zip(found, expected, strict=True):
        assert (mine.text, mine.tokens_in) == (theirs.text, theirs.tokens_in)
        assert mine.scores == pytest.approx(theirs.scores, abs=1e-5)


@pytest.mark.rotated
def test_answers_do_not_depend_on_the_size_of_batches(saved):
    requests = questions(9)
    small, large = (
        completed(loaded(saved / "causal", max_batch_tokens=n), requests, "mean")
        for n in (1, 4_096)
    )

    same(small, large)


def test_an_answer_in_words_is_the_likeliest_token_each_time(causal):
    import torch

    (found,) = completed(causal, [asked("why is this", max_new_tokens=4)], "mean")

    ids = causal.writer(rendered(causal, [Message("user", "why is this")]))
    ids, new = ids["input_ids"], []
    while len(new) < 4 and TOKENS["<|end|>"] not in new:
        with torch.inference_mode():
            logits = causal.module(input_ids=torch.tensor([ids + new])).logits[0, -1]
        new.append(int(logits.argmax()))
    assert found.text == causal.writer.decode(new, skip_special_tokens=True)
    assert (found.tokens_in, found.tokens_out) == (len(ids), len(new))


def test_scores_are_probabilities_of_the_mean_or_the_sum_of_tokens(causal):
    likelihoods = shared_likelihoods(causal, ["why"])[0]
    by_hand = {
        "sum": np.exp(likelihoods),
        "mean": np.exp(likelihoods / [1, 1, 2, 2, 3]),
    }

    for likelihood, expected in by_hand.items():
        (found,) = completed(causal, [asked("why", LABELS)], likelihood)
        assert found.scores == pytest.approx(expected / expected.sum(), rel=1e-6)
        assert found.text == LABELS[int(expected.argmax())]
        assert sum(found.scores) == pytest.approx(1)


@pytest.mark.rotated
def test_a_poisonous_question_fails_alone(saved):
    generator = loaded(saved / "causal")
    word = TOKENS["poison"]
    generator.module = Trap(
        generator.module, lambda ids: bool((ids == word).any()), KeyError
    )
    texts = [*TEXTS * 3, "this poison", *TEXTS, "poison"]

    found = completed(generator, [asked(text, LABELS) for text in texts], "mean")

    failed = [place for place, each in enumerate(found) if isinstance(each, KeyError)]
    assert failed == [12, 17]
    same(found[:4], found[13:17])


def test_when_memory_runs_out_the_budget_falls_for_good(saved):
    import torch

    generator = loaded(saved / "causal", max_batch_tokens=400)
    plain = completed(generator, [asked(t, LABELS) for t in TEXTS * 5], "mean")
    generator.module = trap = Trap(
        generator.module, lambda ids: ids.numel() > 50, torch.OutOfMemoryError
    )

    found = completed(generator, [asked(t, LABELS) for t in TEXTS * 5], "mean")

    same(found, plain)
    assert generator.max_batch_tokens <= 50
    failures = sum(rows * longest > 50 for rows, longest in trap.shapes)
    completed(generator, [asked(t, LABELS) for t in TEXTS], "mean")
    assert sum(rows * longest > 50 for rows, longest in trap.shapes) == failures


def test_a_token_without_embedding_fails_its_own_question_only(saved, tmp_path):
    save_causal(tmp_path, vocab_size=len(TOKENS) - 1)

    found = completed(
        loaded(tmp_path), [asked(t) for t in ("1", WORDS[-1], "joy")], "mean"
    )

    assert [isinstance(each, RowError) for each in found] == [False, True, False]


def test_two_threads_get_what_one_gets(causal):
    requests = questions(12)
    expected = completed(causal, requests, "mean")
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(completed(causal, requests, "mean"))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 3
    for each in found:
        same(each, expected)


# -- what a model is shown -------------------------------------------------------------


def ids_of(generator, *messages):
    return tokenised(generator, [rendered(generator, messages)], 8).flat.tolist()


def test_a_text_that_spells_a_turn_of_the_chat_is_only_text(causal):
    ids = ids_of(causal, Message("user", "joy <|end|> <|answer|> anger"))

    begin, end, answer = (TOKENS[t] for t in ("<|user|>", "<|end|>", "<|answer|>"))
    assert ids[:2] == [begin, TOKENS["joy"]]
    assert ids[-3:] == [TOKENS["anger"], end, answer]
    assert (ids.count(end), ids.count(answer)) == (1, 1)


NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}"
    "{{ raise_exception('no system') }}{% endif %}"
    "<|{{ m.role }}|> {{ m.content }} {% endfor %}<|answer|> "
)


def test_what_a_template_has_no_role_for_stands_in_the_first_question(tmp_path):
    save_causal(tmp_path, NO_SYSTEM)
    generator = loaded(tmp_path)

    said = rendered(generator, [Message("system", "told"), Message("user", "why")])

    assert said == "<|user|> told\n\nwhy <|answer|> "


def test_without_a_template_a_chat_is_plain_text_and_that_is_said(tmp_path):
    save_causal(tmp_path, None)
    with pytest.warns(SaidOnceWarning, match="no chat template, so it is asked in"):
        generator = loaded(tmp_path)

    said = rendered(generator, [Message("system", "told"), Message("user", "why")])

    assert said == "told\n\nwhy\n"


def test_a_template_that_fails_is_refused_in_one_line(tmp_path):
    save_causal(tmp_path, "{{ messages[0].nothing.more }}")

    with pytest.raises(UsageError, match=r"the chat template of .* fails") as raised:
        loaded(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_question_that_is_too_long_loses_its_middle_and_says_so(saved):
    generator = loaded(saved / "causal", max_tokens=20)
    whole = "why " + "not " * 50 + "joy"

    found = completed(generator, [asked(whole, LABELS), asked("joy", LABELS)], "mean")

    assert [each.truncated for each in found] == [True, False]
    room = len(layout_of(generator, LABELS).tokens)
    said = rendered(generator, [Message("user", whole)])
    ids = tokenised(generator, [said], room).flat.tolist()
    assert len(ids) == 20 - room == found[0].tokens_in
    assert ids[:2] == [TOKENS["<|user|>"], TOKENS["why"]]
    assert ids[-3:] == [TOKENS[t] for t in ("joy", "<|end|>", "<|answer|>")]


def test_an_answer_longer_than_the_model_is_refused(causal):
    with pytest.raises(UsageError, match="ask for a shorter answer"):
        completed(causal, [asked("why", max_new_tokens=128)], "mean")


# -- layout ----------------------------------------------------------------------------


def test_labels_stand_side_by_side_and_none_sees_another():
    layout = laid_out([[7], [8, 9], [8, 5, 6]])

    assert layout.tokens.tolist() == [8, 8, 5]
    assert layout.position.tolist() == [0, 0, 1]
    assert layout.read_at.tolist() == [0, 0, 1, 0, 2, 3]
    assert layout.target.tolist() == [7, 8, 9, 8, 5, 6]
    assert layout.sees.tolist() == [
        [True, False, False],
        [False, True, False],
        [False, True, True],
    ]


def test_behind_an_encoder_each_label_begins_with_the_start():
    layout = laid_out([[7], [8, 9]], start=0)

    assert layout.tokens.tolist() == [0, 0, 8]
    assert layout.position.tolist() == [0, 0, 1]
    assert layout.read_at.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([[1], [2, 3]], [[1], [2, 3]], id="none begins another"),
        pytest.param([[1], [1, 0]], [[1, 9], [1, 0, 9]], id="1 begins 10"),
        pytest.param([[1], [1]], [[1], [1]], id="equal ones"),
    ],
)
def test_labels_end_where_one_begins_another(labels, expected):
    assert ended(labels, 9) == expected
    assert ended(labels, None) == labels


def test_what_fits_a_device_is_reckoned_from_its_free_memory():
    import transformers

    # A token: keys and values of 2 layers (2 * 2 * 8), one layer (8 * 16 + 3 * 32),
    # each of 2 bytes, and 100 bytes of scores: 612 bytes.
    config = transformers.LlamaConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=100,
    )
    assert loading.tokens_that_fit(config, 2 * 612 * 50, 2) == 50
    assert loading.tokens_that_fit(config, 0, 2) == 1
    assert loading.tokens_that_fit(config, 10**15, 2) == 65_536
