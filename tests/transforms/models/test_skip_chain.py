"""SkipChain: exact inference, what is counted and learned, and odd conversations."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow import testing
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.weights import written
from affectflow_transforms.models.conversations import folded as folding
from affectflow_transforms.models.conversations import links
from affectflow_transforms.models.conversations.chain import (
    Chain,
    log_z,
    marginals,
    paths,
    score,
)
from affectflow_transforms.models.conversations.figures import Answers, measured
from affectflow_transforms.models.conversations.links import link
from affectflow_transforms.models.conversations.near import groups
from affectflow_transforms.models.conversations.potentials import lift
from affectflow_transforms.models.conversations.skip_chain import SkipChain
from affectflow_transforms.models.conversations.states import Tables
from affectflow_transforms.models.conversations.train import SkipChain as Training
from tests.given.labelled_turns import turns
from tests.given.training_data import write_reccon

NOTHING = Tables(np.zeros((3, 3)), np.zeros((3, 3)))
LABELS = ("happiness", "sadness", "anger", "surprise", "fear", "disgust", "neutral")


# -- inference ---------------------------------------------------------------------


def random_chain(random, speakers, max_open):
    unary = random.normal(0, 2, (len(speakers), 3))
    return Chain(unary, link(speakers, max_open))


talks = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=4
)


@settings(max_examples=25, deadline=None)
@given(talks=talks, max_open=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_all_is_as_when_all_sequences_are_tried(talks, max_open, seed):
    random = np.random.default_rng(seed)
    tables = Tables(*random.normal(0, 2, (2, 3, 3)))
    chains = [random_chain(random, speakers, max_open) for speakers in talks]

    inferred = [infer(chains, tables) for infer in (marginals, paths, log_z)]

    for chain, spread, path, log_sum in zip(chains, *inferred, strict=True):
        every = np.array(list(itertools.product(range(3), repeat=len(chain.unary))))
        scores = np.array([score(chain, tables, labels) for labels in every])
        exact = np.logaddexp.reduce(scores)
        assert log_sum == pytest.approx(exact, abs=1e-8)
        assert path.tolist() == every[scores.argmax()].tolist()
        hits = every[:, :, None] == np.arange(3)
        by_hand = np.tensordot(np.exp(scores - exact), hits, axes=1)
        assert spread == pytest.approx(by_hand, abs=1e-8)


def test_one_speaker_alone_is_the_chain_that_viterbi_solved():
    # 0 0: 1 + 0 + 2 = 3; 0 1: 1 + 3 = 4; 1 0: 2 = 2; 1 1: 3 + 0.5 = 3.5.
    tables = Tables(np.array([[2.0, 0.0], [2.0, 0.5]]), np.full((2, 2), 99.0))
    unary = np.array([[1.0, 0.0], [0.0, 3.0]])

    chains = [Chain(unary, link([7, 7], 3))]
    (spread,), (path,) = marginals(chains, tables), paths(chains, tables)

    weights = np.exp([3.0, 4.0, 2.0, 3.5])
    assert path.tolist() == [0, 1]
    assert spread[0, 0] == pytest.approx(weights[:2].sum() / weights.sum())


def test_without_tables_each_turn_has_its_own_best_label():
    chain = random_chain(np.random.default_rng(1), [0, 1, 0, 2, 1], 2)

    (path,) = paths([chain], NOTHING)

    assert path.tolist() == chain.unary.argmax(axis=1).tolist()


def test_a_turn_is_linked_to_its_speaker_and_to_the_turn_of_another_before_it():
    found = link(list("abba"), 3)

    assert found.own.tolist() == [-1, -1, 1, 0]
    assert found.other.tolist() == [-1, 0, -1, 2]
    assert (found.n_places, found.n_cut) == (2, 0)


def test_of_too_many_speakers_the_one_longest_silent_is_forgotten():
    # When c speaks, a and b are open, and a has been silent longer.
    found = link(list("abcba"), 2)

    assert found.own.tolist() == [-1, -1, -1, 1, -1]
    assert found.n_cut == 1


def test_a_speaker_who_will_not_speak_again_takes_no_place():
    assert link(list("aabcb"), 2).n_cut == 0


def test_windows_answer_as_the_whole_does():
    random = np.random.default_rng(2)
    tables = Tables(*random.normal(0, 1, (2, 3, 3)))
    speakers = random.integers(0, 2, 1000).tolist()
    chain = random_chain(random, speakers, 2)

    (whole,) = marginals([chain], tables)
    for start, end, answered in links.windows(1000):
        part = Chain(chain.unary[start:end], link(speakers[start:end], 2))
        (found,) = marginals([part], tables)
        inside = whole[start:end][answered]
        assert found[answered] == pytest.approx(inside, abs=1e-6)


# -- what is learned ---------------------------------------------------------------


def test_counts_become_the_logarithm_of_how_often_to_how_often_expected():
    # Ten more turns are counted as if nothing were linked. Label 0 was followed by 0
    # in (30 + 5) of (40 + 10) turns, by 1 in (10 + 5): 0.7 and 0.3 over 0.5.
    found = lift(np.array([[30.0, 10.0], [0.0, 0.0]]), np.array([0.5, 0.5]))

    assert found[0] == pytest.approx(np.log([1.4, 0.6]))
    assert found[1] == pytest.approx([0, 0])


def test_dialogues_that_repeat_half_of_another_are_one_group():
    found = groups(
        {
            "a": ["Hello .", "How are you ?", "Fine .", "Bye ."],
            "b": ["hello!", "how are you", "Not so well .", "Why ?"],
            "c": ["Not so well .", "why", "My dog died ."],
            "d": ["Hello .", "What time is it ?", "Noon ."],
        }
    )

    assert found == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_figures_with_and_without_neutral_by_hand():
    # happiness: 1 right of 2 true and 1 chosen, F1 2/3; neutral: 1 true, 2 chosen, 2/3.
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    answers = Answers(np.array([0, 0, 1]), np.array(["x", "y", "z"]), {"m": scores})

    found = {f.name: f for f in measured(answers, ("happiness", "neutral"))}

    assert found["weighted_f1"].value == pytest.approx(2 / 3)
    assert found["macro_f1_without_neutral"].value == pytest.approx(2 / 3)
    assert found["log_loss"].value == pytest.approx(-np.log(0.9 * 0.2 * 0.7) / 3)
    assert found["weighted_f1"].low <= 2 / 3 <= found["weighted_f1"].high


def test_the_trainer_keeps_its_promises_and_learns_who_follows_whom(tmp_path):
    data = write_reccon(tmp_path)

    found = testing.check_trainer(Training(), data)

    values = {(f.name, f.label): f.value for f in found.figures}
    assert values["weighted_f1", "SkipChain"] > 0.95
    assert "| licence of the data | not stated |" in found.card
    assert "by a hash of the group" in found.held_out


def test_too_few_dialogues_are_refused(tmp_path):
    data = write_reccon(tmp_path, 6)

    with pytest.raises(UsageError, match=r"has 6 dialogues .* but 20 are needed"):
        Training().train(data)


# -- the model ---------------------------------------------------------------------


def stored(folder, inertia, contagion, licence="CC0-1.0"):
    """Writes weights that believe the annotator as it is; returns the folder."""
    arrays = {
        "scale": np.ones(1),
        "bias": np.zeros(7),
        "inertia": inertia,
        "contagion": contagion,
    }
    metadata = {
        "annotator": "SkipChain",
        "licence": licence,
        "labels": ",".join(LABELS),
        "vocabulary": "dailydialog",
    }
    (folder / "own.safetensors").write_bytes(written(arrays, metadata))
    return str(folder)


@pytest.fixture
def folder(tmp_path):
    """Weights by which a label stays, and is caught, with the odds 20 to 1."""
    stays = np.eye(7) * np.log(20)
    return stored(tmp_path, stays, stays)


def chosen(batch, folder, **options):
    """Returns the labels that were chosen, or the status of a turn without any."""
    handler = SkipChain(over="a", weights=folder, **options)
    lists = handler.apply(batch, handler.load_model())["annotations"].to_pylist()
    own = [[e for e in row if e["annotator_id"] != "a"] for row in lists]
    return [
        next((e["label"] for e in row if e["chosen"]), row[0]["status"]) for row in own
    ]


def test_an_unsure_turn_follows_the_turns_around_it(folder):
    batch = turns(
        ("x", "ann", "dailydialog", [("anger", 0.9)]),
        ("x", "bob", "dailydialog", [("anger", 0.9)]),
        ("x", "ann", "dailydialog", [("fear", 0.4)]),
        ("y", "ann", "dailydialog", [("fear", 0.4)]),
    )

    assert chosen(batch, folder) == ["anger", "anger", "anger", "fear"]


def test_turns_without_a_speaker_are_linked_to_none_and_counted(folder):
    batch = turns(
        ("x", None, "dailydialog", [("anger", 0.9)]),
        ("x", None, "dailydialog", [("fear", 0.4)]),
    )

    with open_account() as opened:
        assert chosen(batch, folder) == ["anger", "fear"]
    assert opened.tallied == {"turns_without_speaker": 2}


def test_a_turn_without_an_answer_is_passed_over(folder):
    batch = turns(
        ("x", "ann", "dailydialog", [("anger", 0.9)]),
        ("x", "bob", "dailydialog", [(None, None)]),
        ("x", "ann", "dailydialog", [("fear", 0.4)]),
    )

    assert chosen(batch, folder) == ["anger", "abstained", "anger"]


def test_answers_in_another_vocabulary_are_folded(folder):
    batch = turns(("x", "ann", "goemotions", [("annoyance", 0.9)]))

    assert chosen(batch, folder) == ["anger"]


def test_answers_that_do_not_fold_are_refused(folder):
    with pytest.raises(
        UsageError, match="'a' answers in 'vad', none of which folds to"
    ):
        chosen(turns(("x", "ann", "vad", [("valence", 0.9)])), folder)


def test_of_two_vocabularies_that_of_the_weights_is_read_or_the_one_named(folder):
    both = turns(
        ("x", "ann", "goemotions", [("annoyance", 0.9)]),
        ("x", "ann", "dailydialog", [("fear", 0.9)]),
    )
    assert chosen(both, folder) == ["abstained", "fear"]
    assert chosen(both, folder, vocabulary="goemotions") == ["anger", "abstained"]


def test_a_vocabulary_that_does_not_fold_is_refused(folder):
    batch = turns(("x", "ann", "goemotions", [("annoyance", 0.9)]))

    with pytest.raises(UsageError, match="'leia' does not fold to 'dailydialog'"):
        chosen(batch, folder, vocabulary="leia")
    own = turns(("x", "ann", "my labels", [("cross", 0.9)]))
    with pytest.raises(UsageError, match="'my labels', none of which folds"):
        chosen(own, folder)


def test_two_vocabularies_that_fold_are_named(folder, monkeypatch):
    monkeypatch.setattr(folding, "_weights", lambda source, target: np.ones((1, 7)))
    both = turns(
        ("x", "ann", "goemotions", [("annoyance", 0.9)]),
        ("x", "ann", "plutchik", [("fear", 0.9)]),
    )

    with pytest.raises(UsageError, match=r"'plutchik', all .* --set vocabulary=goem"):
        chosen(both, folder)


def test_the_most_probable_labels_together_may_be_others_than_one_by_one(tmp_path):
    # anger stays, 0.45; fear becomes anger or happiness: 0.53, but half of it each.
    inertia = np.zeros((7, 7))
    inertia[2] = np.log([1e-3, 1e-3, 1, 1e-3, 1e-3, 1e-3, 1e-3])
    inertia[4] = np.log(0.5)
    folder = stored(tmp_path, inertia, np.zeros((7, 7)))
    batch = turns(
        ("x", "ann", "dailydialog", [("anger", 0.45), ("fear", 0.53)]),
        ("x", "ann", "dailydialog", [("anger", 0.49), ("happiness", 0.49)]),
    )

    assert chosen(batch, folder) == ["fear", "anger"]
    assert chosen(batch, folder, path=True) == ["anger", "anger"]


def test_forty_speakers_and_long_talks_by_one_end(folder):
    many = turns(
        *(("x", f"s{n % 40}", "dailydialog", [("anger", 0.9)]) for n in range(800)),
        *(("y", "bot", "dailydialog", [("fear", 0.9)]) for n in range(2000)),
    )

    with open_account() as opened:
        found = chosen(many, folder)
    assert found == ["anger"] * 800 + ["fear"] * 2000
    assert opened.tallied["links_cut"] > 700


def test_without_weights_the_line_to_type_is_said():
    with pytest.raises(UsageError, match="affectflow train skip-chain --data RECCON"):
        SkipChain(over="a")


def test_it_keeps_the_promises_of_a_model(folder):
    model = SkipChain(over="sample@1", weights=folder)

    testing.check_model(model)

    assert model.annotator()["licence"] == "CC0-1.0"


def test_weights_of_data_that_are_not_for_commerce_say_so(tmp_path):
    nothing = np.zeros((7, 7))
    folder = stored(tmp_path, nothing, nothing, licence="CC BY-NC-SA 4.0 (RECCON)")

    assert SkipChain(over="a", weights=folder).annotator()["commercial_use"] is False
