"""Miners of rules and weights, in utterances a second of CPU.

    python -m tests.bench.miners

Short utterances are GoEmotions' comments, long ones those of heated issues, both with
the labels of the default model. Miners run in turn; figures are medians, and the ratio
to RuleMiner holds on busy machines, too. Utterances without a label count, too.
"""

import argparse
import statistics
import time
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from affectflow import registry
from affectflow.trials.messages import ingested, labelled
from affectflow.trials.sets import threads
from tests.bench.text import short_posts
from tests.quality.__main__ import data_folder

MINERS = ("RuleMiner", "RankMiner", "ConnectiveMiner")
AT_LEAST, MOST_S = 10_000, 2.0


def ready(texts: Iterable[str]) -> pa.RecordBatch:
    """Returns texts as `mine` finds them in a lake."""
    batch = labelled(ingested(list(texts)))
    names = {*registry.make("miners", MINERS[0]).columns_required.names, "cues"}
    return batch.select([name for name in batch.schema.names if name in names])


def main(runs: int) -> None:
    """Prints the rate of each miner, and its ratio to the first."""
    issues = [text for _, _, said in threads(data_folder()) for text in said]
    for name, texts in (("short", short_posts()[:10_000]), ("issues", issues)):
        batch = ready(texts)
        seconds: dict[str, list[float]] = {each: [] for each in MINERS}
        made: list[tuple[str, Any]] = [(m, registry.make("miners", m)) for m in MINERS]
        models = {each: miner.load_model() for each, miner in made}
        for _ in range(runs):
            for each, miner in made:
                begun = time.process_time()
                miner.mine(batch, models[each])
                seconds[each].append(time.process_time() - begun)
        median = {each: statistics.median(of) for each, of in seconds.items()}
        for each, took in median.items():
            rate, ratio = batch.num_rows / took, median[MINERS[0]] / took
            print(f"{name:<8}{each:<18}{rate:>10,.0f}/s {took:>6.2f} s {ratio:>6.2f}x")
    print(f"wanted: {AT_LEAST:,}/s of short ones, issues in under {MOST_S:g} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    main(parser.parse_args().runs)
