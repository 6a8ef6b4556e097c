"""Row 37 of the literature: SS3, its published values, its trainer and its model."""

import gzip
import re

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from affectflow import testing
from affectflow.cli import training
from affectflow.errors import UsageError
from affectflow_transforms.models.ss3.model import SS3
from affectflow_transforms.models.ss3.train import SS3 as Trainer  # noqa: N811
from affectflow_transforms.models.ss3.values import Settings, values_of
from affectflow_transforms.models.ss3.words import QUERY, Words, words_of
from tests.given.factories import utterances

THREE = {
    "frustrated": "bug bug bug build build build merge merge delay delay wait wait "
    "the the the the",
    "grateful": "thanks thanks thanks great great merge merge the the the the",
    "curious": "how how what what what build build the the the the",
}
SENTENCE = "the build is a bug and the merge delay"


def words(documents=THREE, **settings):
    pairs = [(text, label) for label, text in documents.items()]
    return Words.counted(pairs, list(documents), Settings(**settings))


def of(word, values, found):
    return values[found.words.index(word)]


def test_three_documents_have_the_values_of_pyss3():
    found = words()
    values = values_of(found.counts, found.settings)

    # PySS3 0.6.5, cv_m="gv", sg_m="vanilla", of the label frustrated.
    for word, expected in {
        "bug": (0.878572, 1.0, 1.0, 0.878572),
        "build": (0.878572, 0.501033, 0.996300, 0.438565),
        "the": (1.0, 1.0, 0.0, 0.0),
    }.items():
        got = [float(of(word, each, found)[0]) for each in values]
        assert got == pytest.approx(expected, abs=1e-6), word


def test_a_sentence_has_the_sum_of_its_words():
    (sums,) = words().scores([SENTENCE])

    published = [2.0509837901, 0.0018033692, 0.0009037874]
    assert sums.tolist() == pytest.approx(published, abs=1e-9)


@pytest.mark.reference("pyss3")
@pytest.mark.parametrize("settings", [(0.45, 0.5, 1.0), (0.3, 1.2, 0.7)])
@pytest.mark.parametrize("labels", [2, 3, 5])
def test_any_corpus_has_the_values_of_pyss3(labels, settings):
    import pyss3

    pyss3.set_verbosity(pyss3.VERBOSITY.QUIET)
    random = np.random.default_rng(labels)
    vocabulary = [f"w{n}" for n in range(60)]
    share = random.dirichlet(np.full(60, 0.2), size=labels)
    documents = {
        f"c{n}": " ".join(random.choice(vocabulary, 400, p=share[n]))
        for n in range(labels)
    }
    smoothness, significance, sanction = settings
    theirs = pyss3.SS3(
        cv_m="gv", sg_m="vanilla", s=smoothness, l=significance, p=sanction
    )
    for label, text in documents.items():
        theirs.learn(text, label, prep=False, update=False)
    theirs.update_values(force=True)

    ours = words(
        documents,
        smoothness=smoothness,
        significance=significance,
        sanction=sanction,
    )

    text = " ".join([*vocabulary, "unheard"])
    expected = theirs.classify(text, prep=False, sort=False)
    assert ours.scores([text])[0].tolist() == pytest.approx(expected, abs=1e-6)
    for word in ours.words:
        each = [theirs.gv(word, label) for label in ours.labels]
        assert of(word, ours.values, ours).tolist() == pytest.approx(each, abs=1e-6)


def test_the_papers_way_counts_a_word_that_was_used_once():
    counts = np.array([[1, 0, 0], [4, 4, 4]])

    paper = values_of(counts, Settings(mode="paper"))
    theirs = values_of(counts, Settings())

    # (1/4)^.45 above a median of 0 by three mean deviations: .5 tanh(4 * 6 - 2) + .5.
    assert paper.local[0, 0] == pytest.approx(0.25**0.45)
    assert paper.significance[0, 0] == pytest.approx(0.5 * np.tanh(22) + 0.5)
    assert not theirs.local[0].any()


def test_sums_of_posts_are_the_sums_of_their_text_together():
    found = words()
    posts = ["The bug!", "a merge delay, thanks", "nothing", "how? WHAT"]

    assert np.allclose(
        found.scores(posts).cumsum(axis=0)[-1], found.scores([" ".join(posts)])[0]
    )


def test_duckdb_comes_to_the_same_sums():
    found = words()
    posts = ["the BUG, the bug's build", "", "Thanks... great! Delay_2 merge\nhow"]
    texts = pa.table({"id": [0, 1, 2], "text": posts})
    with duckdb.connect() as connection:
        connection.register("texts", texts)
        connection.register("words", found.table())
        rows = connection.sql(QUERY).fetchall()

    sums = np.zeros((3, 3))
    for row, label, value in rows:
        sums[row, found.labels.index(label)] = value
    assert np.allclose(sums, found.scores(posts), atol=1e-12)


def test_words_are_letters_digits_and_one_apostrophe():
    assert words_of("Don't_ PANIC: 3 été's 'x'") == [
        "don't_",
        "panic",
        "3",
        "été's",
        "x",
    ]


# -- the trainer -----------------------------------------------------------------------


def write_posts(folder, rows=None, name="posts.csv"):
    """Writes posts of 40 threads, the last word of which tells the label."""
    rows = rows or [
        (f"the build and the {'bug' if n % 2 else 'fix'} of the day", "bad" * (n % 2)
         or "good", f"t{n}")
        for n in range(40)
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    lines = ["text,label,conversation_id"] + [",".join(row) for row in rows]
    opened = gzip.open if name.endswith(".gz") else open
    with opened(folder / name, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def heat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss3")
    data = write_posts(folder / "threads")
    assert training.train("ss3", data=data, out=folder / "heat", licence="CC0-1.0") == 0
    return folder / "heat"


def test_the_trainer_keeps_what_every_trainer_owes(tmp_path):
    rows = [("a bug", "bad", f"t{n}") for n in range(30)]
    rows += [("a fix", "good", f"u{n}") for n in range(30)]
    rows += [("", "good", "x"), ("a fix", "", "x"), ("a fix", "good", "")]
    data = write_posts(tmp_path, rows, "posts.csv.gz")

    found = testing.check_trainer(Trainer(), data)

    assert re.search(
        r"of 60 posts, by a hash of the conversation \(left out: 1 without a "
        r"conversation, 1 without a label, 1 without words\)",
        found.held_out,
    )
    f1 = {f.label: f.value for f in found.figures if f.name == "f1"}
    assert f1["bad"] == f1["good"] == 1.0


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([("a", "bad", f"t{n}") for n in range(40)], {}, "have the label 'bad'; give"),
        ([("a", "bad", "t"), ("b", "good", "t")], {}, "too few conversations to hold"),
        (
            None,
            {"vocabulary": "goemotions"},
            "the label 'bad', which is not in the vocabulary",
        ),
    ],
)
def test_data_that_nothing_can_be_learned_of_are_refused(
    rows, options, message, tmp_path
):
    data = write_posts(tmp_path, rows)

    with pytest.raises(UsageError, match=message):
        Trainer(**options).train(data)


def test_a_column_that_is_missing_is_named_with_those_there(tmp_path):
    (tmp_path / "posts.csv").write_text("body,label\nx,y\n")

    with pytest.raises(UsageError, match=r"no column 'text'; .*: body, label"):
        Trainer().train(tmp_path)


@pytest.mark.parametrize(
    "options", [{"significance": 0.0}, {"smoothness": 0.0}, {"sanction": -1.0}]
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="must be above 0 and `sanction` at least 0"):
        Trainer(**options)


# -- the model -------------------------------------------------------------------------


def answers(batch, heat, task, **options):
    model = SS3(weights=str(heat), **options)
    lists = model.apply(batch, model.load_model())["annotations"].to_pylist()
    return [[each for each in row if each["task"] == task] for row in lists]


def test_the_model_keeps_what_every_model_owes(heat):
    testing.check_model(SS3(weights=str(heat)))
    testing.check_model(SS3(weights=str(heat), per="conversation"))


def test_a_post_gets_its_label_and_posts_without_known_words_none(heat):
    batch = utterances("a BUG", "a fix", "hello there", "")

    found = [row[0] for row in answers(batch, heat, "risk")]

    assert [each["label"] or each["status"] for each in found] == [
        "bad",
        "good",
        "abstained",
        "no_author_text",
    ]
    assert found[0]["score"] == 1.0


def test_the_words_that_say_so_stand_at_their_places(heat):
    batch = utterances("Hm, a bug. `bug` No fix!")

    (found,) = answers(batch, heat, "risk_evidence")

    text = batch["text"][0].as_py()
    told = {(text[e["start"] : e["end"]], e["label"]) for e in found}
    assert {("bug", "bad"), ("fix", "good")} <= told
    assert all(each["value"] > 0 for each in found)


def test_the_state_after_each_post_is_the_sum_up_to_it(heat):
    batch = utterances("a bug", "hello", "a bug", "a fix")

    by_post = sums(answers(batch, heat, "risk_value"))
    so_far = sums(answers(batch, heat, "risk_value", per="conversation"))

    assert np.allclose(by_post.cumsum(axis=0), so_far, atol=1e-6)


def sums(rows):
    names = ("bad", "good")
    found = [{e["label"]: e["value"] for e in row} for row in rows]
    return np.array([[each.get(name, 0.0) for name in names] for each in found])


def test_conversations_are_added_up_apart(heat):
    batch = utterances("a bug", "a fix", conversation_id=["test:x", "test:y"])

    so_far = sums(answers(batch, heat, "risk_value", per="conversation"))

    assert (so_far > 0).tolist() == [[True, False], [False, True]]


def test_without_weights_the_line_to_train_them_is_said():
    with pytest.raises(UsageError, match="affectflow train ss3 --data FOLDER --out"):
        SS3()


def test_a_word_that_is_none_is_refused(heat):
    with pytest.raises(UsageError, match="`per` must be post or conversation"):
        SS3(weights=str(heat), per="speaker")
