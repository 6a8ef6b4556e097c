"""How near `Endpoint` comes to what a server gives: `python -m tests.bench.endpoint`.

A server in another process answers 32 requests at once, each after 50 ms, and lets the
others wait: it can give 640 a second. Each question differs, and every answer is kept
in the journal of a lake. As many requests at once as the server answers are compared,
in turn, with the default of `Endpoint`, which is a few more.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from affectflow.kinds.account import answered, open_account
from affectflow.kinds.asking import Message, Request
from affectflow.lake import Lake
from affectflow.stages.runs.journal import LakeJournal
from affectflow_transforms.models.endpoint.endpoint import Endpoint
from tests.given.model_server import served_by_a_process

LATENCY_S, SERVER_SLOTS = 0.05, 32
TEXT = "The build broke again after the last merge, and nobody says why. "
PROMPT = """
task = "emotion"
[[steps]]
name = "label"
text = "{text}"
parser = "label"
labels = ["joy", "anger"]
"""


def requests(count: int) -> list[Request]:
    """Returns different questions of 400 letters."""
    texts = (f"{n}: {TEXT * 6}" for n in range(count))
    return [Request(messages=(Message("user", text),)) for text in texts]


def measured(
    url: str, asked: list[Request], folder: Path, slots: int
) -> tuple[float, float]:
    """Returns seconds, and CPU seconds of this process, that asking takes."""
    prompt = folder / "asked.toml"
    prompt.write_text(PROMPT)
    model = Endpoint(url=url, name="tiny", prompt=str(prompt), slots=slots)
    client = model.load_model()
    journal = LakeJournal(Lake.create(str(folder / "lake")), "tiny", "bench")
    with open_account(journal):
        begun, cpu = time.perf_counter(), time.process_time()
        found = answered(
            lambda new: model.stream(new, client), asked, [["t:1"]] * len(asked)
        )
        journal.close()
        took = time.perf_counter() - begun, time.process_time() - cpu
    if any(isinstance(each, Exception) for each in found):
        raise SystemExit("not every question was answered")
    return took


def rate(count: int, slots: int) -> tuple[float, float]:
    """Returns answers a second, and CPU seconds of this process for each."""
    arguments = ["--latency-s", str(LATENCY_S), "--slots", str(SERVER_SLOTS)]
    with (
        served_by_a_process(*arguments) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        seconds, cpu = measured(url, requests(count), Path(folder), slots)
    return count / seconds, cpu / count


def main(count: int, runs: int) -> None:
    """Prints rate, and share of what the server can give."""
    most = SERVER_SLOTS / LATENCY_S
    print(f"{count:,} questions, at most {most:,.0f} a second; load {os.getloadavg()}")
    for _ in range(runs):
        for slots in (SERVER_SLOTS, Endpoint.slots):
            found, cpu = rate(count, slots)
            own = f"{cpu * 1e3:.2f} ms of this process each"
            print(
                f"{slots} slots: {found:4.0f} a second, {found / most:.2f} of it; {own}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_200)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    main(given.count, given.runs)
