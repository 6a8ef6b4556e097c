"""A design that is topped up speaks of the lake that has grown."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.bootstrap import bootstrap
from affectflow.errors import UsageError
from affectflow.gold.asking.sampling import top_up
from affectflow.gold.judging.findings import judge
from affectflow.gold.targets.labels import targets_of
from affectflow.gold.truth.decisions import truth, truth_of
from affectflow.schemas import ANNOTATIONS, MEASURES
from tests.given.gold_lakes import (
    CAREFUL,
    csv_sample,
    grow,
    imported,
    sample,
    sheet_rows,
)
from tests.given.stage_runs import ask
from tests.given.validation_lakes import fill

pytestmark = pytest.mark.rotated


def topped_up(lake, folder, name):
    """Draws new messages into a sheet; returns their ids."""
    sample(lake.uri, folder / name, n=None, top_up=True)
    return {row["utterance_id"] for row in sheet_rows(folder, name)}


@pytest.mark.rotated
def test_what_is_topped_up_gives_a_share_of_the_lake_that_grew(lake, folder, capsys):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    grow(lake, 100, text="it stopped")

    new = topped_up(lake, folder, "new.csv")

    first = csv_sample(folder / "sheet.csv")
    assert f"with messages that are new to {first}" in capsys.readouterr().err
    assert len(new) == 50
    assert all(each.startswith("test:late-") for each in new)
    # Only answers speak of what is new.
    assert not judge(lake).findings[0].has_share

    imported(lake, fill(folder / "new.csv", CAREFUL, "ann"))

    (finding,) = judge(lake).findings
    assert (finding.n, finding.has_share, len(finding.samples)) == (250, True, 2)
    # Every new message is so, and the annotator finds none of them.
    held = "NOT by_bot AND (text LIKE '%AGAIN%' OR text LIKE '%stopped%')"
    true = ask(lake.uri, f"SELECT count(*) FROM placed_utterances WHERE {held}")[0][0]
    shares = finding.prevalence
    assert shares.corrected.low < true / 578 < shares.corrected.high
    assert shares.apparent.high < true / 578


@pytest.mark.rotated
def test_each_message_is_drawn_once_and_weighs_what_it_had_for_a_chance(lake, folder):
    # Of several samples, the one that was answered is topped up.
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    grow(lake, 60)
    topped_up(lake, folder, "new.csv")
    grow(lake, 60, name="later")
    second = topped_up(lake, folder, "newer.csv")
    sheets = [folder / name for name in ("sheet.csv", "new.csv", "newer.csv")]
    imported(lake, *(fill(sheet, CAREFUL, "ann") for sheet in sheets))

    rows = truth(lake, "frustration").to_pylist()

    assert {each.split("-")[0] for each in second} == {"test:later"}
    samples = [csv_sample(sheet) for sheet in sheets]
    found = ask(
        lake.uri,
        "SELECT unit_id, value FROM measures WHERE kind = 'inclusion' AND label IN "
        f"{tuple(samples)}",
    )
    chances = dict(found)
    assert len(found) == len(chances) == len(rows) == 300
    mean = np.mean([1 / p for p in chances.values()])
    assert {row["utterance_id"]: row["weight"] for row in rows} == pytest.approx(
        {k: 1 / p / mean for k, p in chances.items()}
    )
    assert {p for k, p in chances.items() if "late" in k} == {50 / 60}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "no new messages since sample s-", id="nothing new"),
        pytest.param(
            {"task": "valence"}, "no sample of valence to top up", id="another task"
        ),
        pytest.param(
            {"task": "emotion", "targets": targets_of("emotion", ["joy"])},
            "no sample of joy to top up",
            id="other labels",
        ),
    ],
)
def test_what_cannot_be_topped_up_is_an_error_with_the_cure(lake, options, message):
    with pytest.raises(UsageError, match=message):
        top_up(lake, **{"task": "frustration"} | options)


# -- many lakes ------------------------------------------------------------------------

MONTHS, FIRST, EACH = 5, 400, 50
LAKES = 80


def grown_lake(rng):
    """Returns thread, month and truth of messages: each month more are so."""
    threads = np.r_[np.full(1_500, 0), np.repeat(np.arange(1, MONTHS + 1), 150)]
    size = rng.integers(1, 4, len(threads))
    often = np.clip(0.1 + 0.08 * threads + rng.normal(0, 0.08, len(threads)), 0, 1)
    thread = np.repeat(np.arange(len(threads)), size)
    # One message in ten of an old thread comes in a later month.
    late = rng.random(len(thread)) < 0.1
    month = np.maximum(threads[thread], late * rng.integers(0, MONTHS + 1, len(thread)))
    so = rng.random(len(thread)) < np.clip(often[thread] + 0.08 * late, 0, 1)
    return thread, month, so


def drawn_from(rng, thread, month):
    """Returns places of messages with chance and stratum, month by month."""
    for each in range(MONTHS + 1):
        here = rng.permutation(np.flatnonzero(month == each))
        _, first, size = np.unique(thread[here], return_index=True, return_counts=True)
        n = FIRST if each == 0 else EACH
        chosen = rng.permutation(len(first))[:n]
        yield each, here[first[chosen]], n / len(first) / size[chosen]


def test_shares_of_lakes_that_grow_each_month_are_unbiased_and_intervals_hold_them():
    rng = np.random.default_rng(7)
    true, answers, chances = [], [], []
    for number in range(LAKES):
        thread, month, so = grown_lake(rng)
        true.append(so.mean())
        for each, places, p in drawn_from(rng, thread, month):
            of = {"label": f"l{number}", "sample_id": f"s{number}-{each}"}
            tops_up = f'{{"tops_up": "s{number}-0"}}' if each else None
            for place, chance in zip(places.tolist(), p.tolist(), strict=True):
                unit, so_here = f"u{number}-{place}", bool(so[place])
                told = {"conversation_id": f"c{thread[place]}", "chosen": so_here}
                answers.append({"utterance_id": unit} | of | told)
                chances.append((unit, of["sample_id"], tops_up, chance))

    shares = shares_of(answers, chances)

    off = np.array([shares[f"l{n}"].value - true[n] for n in range(LAKES)])
    held = [shares[f"l{n}"].low < true[n] < shares[f"l{n}"].high for n in range(LAKES)]
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(LAKES)
    assert off.std() < 0.025
    assert np.mean(held) > 0.9
    # The first 400 alone say what the lake was.
    firsts = [row for row in answers if row["sample_id"].endswith("-0")]
    old = shares_of(firsts, chances)
    assert np.mean([old[f"l{n}"].value - true[n] for n in range(LAKES)]) < -0.03


def shares_of(answers, chances):
    """Returns the share of each label with its interval, by the weights of the lake."""
    usual = {"annotator_id": "person:ann", "task": "frustration", "vocabulary": "v"}
    rows = [{**usual, "status": "ok", **answer} for answer in answers]
    measures = [
        {"kind": "inclusion", "unit_id": u, "label": s, "parameters": t, "value": p}
        for u, s, t, p in chances
    ]
    with duckdb.connect() as connection:
        told = pa.Table.from_pylist(rows, schema=ANNOTATIONS)
        connection.register("a", told)
        connection.register("m", pa.Table.from_pylist(measures, schema=MEASURES))
        connection.execute("""
            CREATE TABLE annotations AS FROM a;
            CREATE TABLE measures AS FROM m;
            CREATE TABLE annotators AS
              SELECT DISTINCT annotator_id, 'person' AS kind FROM a;
            CREATE TABLE utterances AS
              SELECT DISTINCT utterance_id, NULL::VARCHAR AS text FROM a;
            CREATE TABLE merged_conversations (conversation_id VARCHAR, root VARCHAR);
            CREATE TABLE windowed_utterances (
              utterance_id VARCHAR, conversation_id VARCHAR)""")
        decided = truth_of(connection, "frustration")
    names = decided["label"].to_numpy()
    return {name: share_of(decided.filter(names == name)) for name in set(names)}


def share_of(rows):
    so = rows["truth"].to_numpy().astype(float)
    return bootstrap(
        rows["conversation_id"].to_numpy(),
        lambda weights: weights @ so / weights.sum(axis=1),
        weights=rows["weight"].to_numpy(),
        draws=200,
    )
