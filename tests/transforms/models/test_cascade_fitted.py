"""A cascade of two real models: the embedded one, and an encoder with a head."""

import gzip

import pytest

from affectflow import stages
from affectflow.cli.show import learned
from tests.conftest import required
from tests.given import fitted_classifier
from tests.given.factories import utterances
from tests.given.stage_runs import ask, counts, store

pytestmark = [pytest.mark.proof, pytest.mark.torch, pytest.mark.timeout(900)]

LABELS = ("gratitude", "love", "anger", "amusement")
N_FIT, N_TRIED = 400, 300
BEST = """
SELECT utterance_id, arg_max(label, coalesce(score, 1)) AS label, max(score) AS score
FROM annotations
WHERE annotator_id = '{}' AND task = 'emotion' AND label IS NOT NULL GROUP BY 1
"""


def labelled(folder, text):
    """Yields comments that people gave one of four labels, and the label."""
    names = (folder / "emotions.txt").read_text("utf-8").split()
    for line in text.splitlines():
        comment, numbers, *_ = line.split("\t")
        if numbers.isdecimal() and names[int(numbers)] in LABELS:
            yield comment, names[int(numbers)]


@pytest.fixture(scope="module")
def comments(shared_data):
    """Comments to fit a head to, and others to label."""
    folder = shared_data / "goemotions"
    with gzip.open(folder / "train.tsv.gz", "rt", encoding="utf-8") as file:
        fit = list(labelled(folder, file.read()))[:N_FIT]
    tried = list(labelled(folder, (folder / "dev.tsv").read_text("utf-8")))[:N_TRIED]
    return fit, tried


@pytest.fixture(scope="module")
def head(comments, tmp_path_factory):
    if not fitted_classifier.is_installed():
        required("torch", "make test EXTRAS=torch")
    folder = tmp_path_factory.mktemp("head")
    return fitted_classifier.save_fitted(folder, *zip(*comments[0], strict=True))


@pytest.fixture(scope="module")
def lake(comments, tmp_path_factory):
    lake = str(tmp_path_factory.mktemp("cascade") / "lake")
    store(lake, utterances(*(text for text, _ in comments[1])))
    stages.annotate_lake(lake)
    return lake


def test_a_real_second_model_is_asked_where_the_first_is_unsure(lake, head, comments):
    options = {"vocabulary": "goemotions", "dtype": "float32", "device": "cpu"}
    given = {"model": head, "options": options}
    alone = stages.annotate_lake(lake, **given)

    row = stages.annotate_lake(
        lake, **given, over="EmbeddedEmotions", only_below="learn"
    )

    first = ask(lake, "SELECT DISTINCT over FROM annotators WHERE over IS NOT NULL")
    ((first_id,),) = first
    one, two, both = (
        {text: (label, score) for text, label, score in ask(lake, BEST.format(each))}
        for each in (first_id, alone["annotator_id"], row["annotator_id"])
    )
    unsure = {each for each in two if one.get(each, ("", 0))[1] < row["only_below"]}
    assert counts(row) == {"in": N_TRIED, "out": N_TRIED}
    assert dict(row["counters"])["asked"] == len(unsure)
    assert 0 < len(unsure) < N_TRIED
    for each in both:
        assert both[each][0] == (two if each in unsure else one)[each][0]

    # What is stored of the sample is what was found there: it was all of this lake.
    agreed = sum(both[each][0] == two[each][0] for each in two) / N_TRIED
    assert row["learned_from"] == N_TRIED
    assert row["learned_asked"] == pytest.approx(len(unsure) / N_TRIED, abs=0.1)
    assert row["learned_agreement"] == pytest.approx(agreed, abs=0.05)
    assert f"asked below {row['only_below']:.3f}" in learned(row)[0]
    truth = {f"test:{n}": label for n, (_, label) in enumerate(comments[1])}
    for name, found in (("first", one), ("second", two), ("cascade", both)):
        right = sum(truth[each] == label for each, (label, _) in found.items())
        print(f"{name}: {right / N_TRIED:.1%} as people labelled them")
    print(f"asked about {len(unsure) / N_TRIED:.0%}, agreement {agreed:.1%}")
