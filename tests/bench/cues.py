"""Text cues of short posts, in utterances a second: `python -m tests.bench.cues`.

GoEmotions' comments, one in four with an emoji behind it, as they are after
`NormalizeText`. Figures are medians, of CPU time; those of each renderer stand below.
"""

import argparse
import functools
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from affectflow import registry
from affectflow.defaults import INGEST_STEPS, RENDERERS
from affectflow.steps.textualize import load_renderers, textualize
from tests.bench.text import short_posts

AT_LEAST = 100_000
EVERY = 4
EMOJI = (
    *("😂", "❤️", "😭", "👍", "😊", "🙏", "😍", "🎉", "🤔", "😡", "🙄", "😅", "💔"),
    *("👍🏽", "🤷‍♀️", ":joy:", ":tada:", "🇩🇪"),
)


def posts() -> pa.RecordBatch:
    """Returns normalised posts, one in `EVERY` with an emoji."""
    chosen = random.Random(0)
    texts = [
        f"{text} {chosen.choice(EMOJI)}" if number % EVERY == 0 else text
        for number, text in enumerate(short_posts())
    ]
    batch = pa.record_batch({"text": pa.array(texts, pa.string())})
    return registry.make("transforms", INGEST_STEPS[0]).process_batch(batch)


def main(runs: int) -> None:
    """Prints the rates of all renderers together, and of each."""
    batch = posts()
    together = load_renderers(RENDERERS)
    timed: dict[str, Callable[[], Any]] = {
        "all": functools.partial(textualize, batch, together),
        **{
            name: functools.partial(textualize, batch, [each])
            for name, each in zip(RENDERERS, together, strict=True)
        },
    }
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for run in range(runs + 1):
        for name, task in timed.items():
            begun = time.process_time()
            task()
            if run:  # the first loads tables
                seconds[name].append(time.process_time() - begun)
    for name, each in seconds.items():
        rate = batch.num_rows / statistics.median(each)
        print(f"{name:<18}{rate:>12,.0f} utterances/s")
    print(f"wanted of all     {AT_LEAST:>12,.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    main(parser.parse_args().runs)
