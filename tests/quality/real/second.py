"""A second sample of real messages, spread over the score of the other model.

`python -m tests.quality.real.second DATA` drew `second.csv` once: 400 messages of sets
that may be passed on, none of them in `sample.csv`, half at random, half evenly over
the score of `EmbeddedEncoder` of that day (2026-12-01).
"""

import sys
from pathlib import Path

from tests.quality.encoder.section import answers
from tests.quality.real.reading import SECOND
from tests.quality.real.sampling import Message, drawn, messages, sample, write

RANDOM = {"chat": 100, "issue": 100}
OPEN = ("livechat_gitter/", "irc_disentanglement/", "gh_incivility/")
"""Sets whose licence lets what is made of them be passed on."""


def pool(data: Path) -> list[Message]:
    """Returns the messages that may be drawn, each text once."""
    kept = {row["digest"] for row in sample()}
    found = {
        each.digest: each
        for each in messages(data)
        if each.id.startswith(OPEN) and each.digest not in kept
    }
    return list(found.values())


def main(data: Path) -> None:
    """Draws the sample again."""
    found = pool(data)
    scores = answers([each.text for each in found]).scores["frustration"]
    write(SECOND, drawn(found, scores.tolist(), RANDOM))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
