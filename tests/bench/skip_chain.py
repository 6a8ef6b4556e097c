"""Conversations decoded by SkipChain, in utterances a second: two speakers, 7 labels.

As a ratio to what is wanted, and to the CPU time of the annotator that it reads.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from affectflow import defaults, registry
from affectflow_transforms.models.conversations.chain import Chain, marginals
from affectflow_transforms.models.conversations.links import link
from affectflow_transforms.models.conversations.states import Tables
from tests.bench.text import short_posts

WANTED = 20_000
N_LABELS, N_TURNS = 7, 10


def main(runs: int = 5) -> None:
    """Prints the rate, and two ratios."""
    texts = short_posts()
    random = np.random.default_rng(0)
    tables = Tables(*random.normal(size=(2, N_LABELS, N_LABELS)))
    unary = random.normal(size=(len(texts) // N_TURNS, N_TURNS, N_LABELS))
    speakers = random.integers(0, 2, unary.shape[:2]).tolist()

    def decoded() -> None:
        chains = [
            Chain(u, link(s, N_TURNS)) for u, s in zip(unary, speakers, strict=True)
        ]
        marginals(chains, tables)

    handler = registry.make("models", defaults.MODEL)
    model = handler.load_model()
    rate = unary.shape[0] * N_TURNS / _seconds(decoded, runs)
    annotator = len(texts) / _seconds(lambda: handler.score(texts, model), runs)
    print(f"SkipChain {rate:>12,.0f} utterances/s")
    print(f"{rate / WANTED:.1f} of what is wanted")
    print(f"{rate / annotator:.1f} of {defaults.MODEL}")


def _seconds(task: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        begun = time.process_time()
        task()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
