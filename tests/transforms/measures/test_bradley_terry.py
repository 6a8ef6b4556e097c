"""Strengths from pairs: by hand, as choix has them, and what has none."""

import math

import numpy as np
import pyarrow as pa
import pytest

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import TABLES
from affectflow.stages import measure_lake
from affectflow.stages.measure import measure_file
from affectflow_transforms.measures.bradley_terry import BradleyTerry
from tests.given.command_line import affectflow


def rows(*pairs) -> list[dict]:
    """Returns observations of (model, baseline, preference, and how often)."""
    return [
        {"model": model, "baseline": baseline, "preference": float(preference)}
        for model, baseline, preference, times in pairs
        for _ in range(times)
    ]


def said(observations, **options) -> dict[tuple[str, str], dict]:
    measure = BradleyTerry(**options)
    batch = pa.RecordBatch.from_pylist(list(observations), schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in found if r["unit_type"]}


def strengths(observations, **options) -> dict[str, float | None]:
    found = said(observations, **options)
    return {
        name: r["value"] for (name, label), r in found.items() if label == "strength"
    }


def test_two_models_differ_by_the_log_odds():
    found = said(rows(("a", "b", 1, 3), ("b", "a", 1, 1)))

    strong = found["a", "strength"]
    assert strong["value"] == pytest.approx(math.log(3) / 2, abs=1e-12)
    assert found["b", "strength"]["value"] == pytest.approx(-math.log(3) / 2, abs=1e-12)
    # The variance of log odds is 1/3 + 1/1; a strength is half of them.
    half = 1.959963984540054 * math.sqrt(1 / 3 + 1) / 2
    assert strong["low"] == pytest.approx(math.log(3) / 2 - half, abs=1e-9)
    assert strong["high"] == pytest.approx(math.log(3) / 2 + half, abs=1e-9)
    assert strong["n"] == 4


def test_a_preference_in_between_counts_in_part():
    found = strengths(rows(("a", "b", 0.75, 4)))

    assert found["a"] - found["b"] == pytest.approx(math.log(3), abs=1e-12)


def test_a_weight_counts_as_so_many_rows():
    weighted = rows(("a", "b", 1, 1), ("b", "a", 1, 1))
    weighted[0]["weight"] = 3.0

    assert strengths(weighted)["a"] == pytest.approx(math.log(3) / 2, abs=1e-12)


TIED = rows(("a", "b", 1, 4), ("b", "a", 1, 1), ("a", "b", 0.5, 2))


@pytest.mark.parametrize(
    ("ties", "odds"),
    [
        pytest.param("half", 5 / 2, id="half a win for both"),
        pytest.param("drop", 4, id="dropped"),
        pytest.param("davidson", 4, id="an outcome of its own"),
    ],
)
def test_ties_of_two_models(ties, odds):
    found = said(TIED, ties=ties)

    gap = found["a", "strength"]["value"] - found["b", "strength"]["value"]
    assert gap == pytest.approx(math.log(odds), abs=1e-9)
    if ties == "davidson":
        # ties / sqrt(wins * losses) = 2 / sqrt(4 * 1)
        assert found["(all)", "log_v"]["value"] == pytest.approx(0, abs=1e-9)


def games(models: int = 8, played: int = 300, seed: int = 5) -> list[tuple[int, int]]:
    """Returns winner and loser of games between models of known strengths."""
    draw = np.random.default_rng(seed)
    strength = np.linspace(-1, 1, models)
    pairs = (draw.choice(models, 2, replace=False) for _ in range(played))
    return [
        (int(a), int(b))
        if draw.random() < 1 / (1 + math.exp(strength[b] - strength[a]))
        else (int(b), int(a))
        for a, b in pairs
    ]


@pytest.mark.reference("choix")
def test_choix_says_the_same():
    import choix

    theirs = choix.opt_pairwise(8, games(), tol=1e-12)

    found = strengths(rows(*((f"m{a}", f"m{b}", 1, 1) for a, b in games())))

    ours = [found[f"m{place}"] for place in range(8)]
    assert ours == pytest.approx(list(theirs - np.mean(theirs)), abs=1e-6)


def test_draws_give_intervals_like_those_of_the_information():
    observations = rows(*((f"m{a}", f"m{b}", 1, 1) for a, b in games()))
    for number, row in enumerate(observations):
        row["unit"] = str(number)

    exact, drawn = said(observations), said(observations, draws=60)

    for name in ("m0", "m7"):
        wide = [each[name, "strength"]["high"] - each[name, "strength"]["low"]
                for each in (exact, drawn)]  # fmt: skip
        assert wide[1] == pytest.approx(wide[0], rel=0.4)


@pytest.mark.parametrize(
    ("units", "why"),
    [
        pytest.param(9, "no interval: fewer than 10 units", id="few units"),
        pytest.param(12, "no interval: in most draws there is no value", id="rare"),
    ],
)
def test_why_there_is_no_interval_is_said(tmp_path, units, why):
    pairs = [f"a,b,{n % 2},u{n}" for n in range(units)]
    # d won once and lost once: most draws have not both of them.
    path = tmp_path / "pairs.csv"
    rows = ["model,baseline,preference,unit", *pairs, "d,a,1,u3", "a,d,1,u4"]
    path.write_text("\n".join(rows))

    found = measure_file(str(path), "BradleyTerry", draws=40)

    assert why in " ".join(found.undefined)
    assert {row["unit_id"] for row in found.rows if row["low"] is None} >= {"d"}


# -- what has no value -----------------------------------------------------------------

EVEN = [("a", "b", 1, 2), ("b", "a", 1, 1)]


@pytest.mark.parametrize(
    ("pairs", "ties", "why"),
    [
        pytest.param([("a", "b", 0.5, 9)], "half", {"a": "ties only"}, id="ties only"),
        pytest.param(
            [*EVEN, ("c", "d", 1, 1), ("d", "c", 1, 1)],
            "half",
            {"a": "compared only within separate groups: a, b | c, d"},
            id="blocks",
        ),
        pytest.param(
            [*EVEN, ("c", "d", 0.5, 5), ("a", "c", 0.5, 1)],
            "drop",
            {"c": "compared only within separate groups: a, b | c | d"},
            id="blocks without ties",
        ),
        pytest.param(
            [*EVEN, ("top", "a", 1, 3), ("b", "low", 1, 1)],
            "half",
            {"top": "never lost", "low": "never won", "a": None, "b": None},
            id="separation",
        ),
        pytest.param(
            [*EVEN, ("c", "d", 1, 1), ("d", "c", 1, 1), ("a", "c", 1, 1)],
            "half",
            {"a": "one group always won against another: a, b | c, d"},
            id="groups",
        ),
        pytest.param(
            [("a", "b", 1, 1), ("b", "c", 1, 1)],
            "half",
            {"a": "never lost", "b": "always won or always lost, so its strength is"
             " not finite", "c": "never won"},
            id="a ladder",
        ),
    ],
)  # fmt: skip
def test_what_has_no_strength_says_why(pairs, ties, why):
    found = said(rows(*pairs), ties=ties)

    for name, reason in why.items():
        row = found[name, "strength"]
        assert row["why"] == reason
        assert (row["value"] is None) == bool(reason)


def test_the_others_are_fitted_without_the_one_that_never_lost():
    found = strengths(rows(*EVEN, ("top", "a", 1, 3)))

    assert found["a"] == pytest.approx(math.log(2) / 2, abs=1e-12)


def test_no_ties_leave_davidsons_v_without_a_value():
    found = said(rows(*EVEN), ties="davidson")

    assert found["(all)", "log_v"]["why"].startswith("no ties among")
    assert found["a", "strength"]["value"] == pytest.approx(math.log(2) / 2)


def test_two_spellings_are_one_model_and_never_compared_with_itself():
    measure = BradleyTerry()
    observations = rows(
        ("gpt-4", "b", 1, 2), ("GPT-4 ", "b", 0, 1), ("gpt-4", "GPT-4", 1, 5)
    )
    batch = pa.RecordBatch.from_pylist(observations, schema=measure.reads)

    state = measure.add(measure.create(), batch)

    found = said(observations)
    assert measure.left_out(state) == {"compared with itself": 5}
    assert found["gpt-4", "spellings"]["value"] == 2
    assert found["gpt-4", "strength"]["value"] == pytest.approx(math.log(2) / 2)


def test_one_model_alone_has_no_value():
    assert said(rows(("a", "A", 1, 3))) == {}


def test_odd_preferences_and_weights_are_left_out_and_counted():
    measure = BradleyTerry()
    good = rows(("a", "b", 1, 1))[0]
    odd = [
        {"preference": 1.01},
        {"preference": math.nan},
        {"weight": -1.0},
        {"weight": 0.0},
        {"weight": math.nan},
        {"model": " "},
    ]
    batch = pa.RecordBatch.from_pylist(
        [good, *({**good, **each} for each in odd)], schema=measure.reads
    )

    state = measure.add(measure.create(), batch)

    assert measure.left_out(state) == {
        "the preference is outside the scale": 2,
        "the weight is not a number above 0": 3,
        "a model or a baseline has no name": 1,
    }
    assert measure.kept(state) == 1


# -- a lake ----------------------------------------------------------------------------


def lake(folder) -> str:
    """Makes a lake where replies of maintainers and users were rated."""
    made = Lake.create(str(folder / "lake"))
    replies = [("maintainer", 0.9, 0.1)] * 3 + [("user", 0.9, 0.1)]
    utterances, annotations = [], []
    for number, (better, *rewards) in enumerate(replies):
        worse = "user" if better == "maintainer" else "maintainer"
        ids = [f"{number}{name}" for name in ("", "x", "y")]
        for place, role in zip(ids, ("user", better, worse), strict=True):
            utterances.append(
                {
                    "utterance_id": place,
                    "conversation_id": f"c{number}",
                    "text": place,
                    "reply_to": None if place == ids[0] else ids[0],
                    "speaker_role": role,
                    "attrs": [("model", f"llm-{role}")],
                }
            )
        annotations += [
            {
                "utterance_id": place,
                "annotator_id": "judge@1",
                "task": "follow_up_reward",
                "label": "reward",
                "value": value,
            }
            for place, value in zip(ids[1:], rewards, strict=True)
        ]
    tables = {
        "utterances": utterances,
        "annotations": annotations,
        "annotators": [{"annotator_id": "judge@1", "kind": "model"}],
    }
    for name, content in tables.items():
        table = pa.Table.from_pylist(content, schema=TABLES[name])
        path = "b00000-0000000000000000.parquet"
        commit(made.storage, name, [write_file(made.storage, name, path, table)])
    return made.uri


@pytest.mark.rotated
def test_in_a_lake_the_better_of_two_replies_wins(tmp_path):
    uri = lake(tmp_path)

    by_role = measure_lake(uri, "BradleyTerry", options={"annotator": "judge"})
    by_model = measure_lake(uri, "BradleyTerry", options={"attribute": "model"})

    found = {row["unit_id"]: row["value"] for row in [*by_role.rows, *by_model.rows]}
    assert found["maintainer"] == pytest.approx(math.log(3) / 2)
    assert found["llm-user"] == pytest.approx(-math.log(3) / 2)


def test_the_command_says_why_there_is_no_value(tmp_path, own_configuration):
    path = tmp_path / "pairs.csv"
    path.write_text("model,baseline,preference\na,b,1\nc,d,0\n")

    done = affectflow("measure", "bradley-terry", path)

    assert done.code == 2, done.err
    assert "no value: compared in groups apart: a, b | c, d" in done.err
