"""Instruct on a real small language model: SmolLM2-135M-Instruct. Proofs only."""

import hashlib
import resource
import time

import pytest

from affectflow_transforms.instruct.train import Instruct
from tests.conftest import required
from tests.given import smollm
from tests.given.toy_instruction import write_prompt
from tests.given.toy_training import write_rows
from tests.quality.authored.reading import labels, rows

pytestmark = [pytest.mark.proof, pytest.mark.torch, pytest.mark.timeout(7_200)]

LONGEST, APART = 150, 3
FRUSTRATED = """
summary = "whether a message is frustrated"
task = "frustrated"
licence = "Apache-2.0"
system = "You label messages."
fence = false

[[steps]]
name = "frustrated"
text = "{text}\\n\\nIs the author of this frustrated? Answer yes or no."
parser = "label"
labels = ["yes", "no"]
max_new_tokens = 2
"""


def agreed():
    """Returns short authored messages, by whether both passes find frustration."""
    first, second = labels(1), labels(2)
    found = {"yes": [], "no": []}
    for row in sorted(rows("texts"), key=lambda row: (len(row["text"]), row["id"])):
        said = {each[row["id"]]["frustration"] for each in (first, second)}
        if len(said) == 1 and len(row["text"]) <= LONGEST:
            found["yes" if said == {1} else "no"].append(row)
    return found


def like_in_length():
    """Yields each frustrated message, and a calm one that is as long, give or take 3.

    Calm messages are shorter: without a partner, length alone would tell the label.
    """
    found = agreed()
    calm = {}
    for row in found["no"]:
        calm.setdefault(len(row["text"]), []).append(row)
    for row in found["yes"]:
        length = len(row["text"])
        near = sorted(range(length - 3, length + 4), key=lambda n: abs(n - length))
        if there := next((n for n in near if calm.get(n)), None):
            yield from ((row, "yes"), (calm[there].pop(0), "no"))


def is_held_out(brief):
    """Returns whether messages to a brief are held out: a third of the briefs is."""
    digest = hashlib.blake2b(brief.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % APART == 0


def write_messages(folder):
    """Writes what is learned and what is held out; no brief is in both."""
    for name, wanted in (("train.jsonl", False), ("dev.jsonl", True)):
        write_rows(
            folder,
            [
                {
                    "text": row["text"],
                    "label": label,
                    "conversation_id": row["brief"],
                }
                for row, label in like_in_length()
                if is_held_out(row["brief"]) == wanted
            ],
            name,
        )
    return folder


def test_an_adapter_on_four_hundred_messages_labels_others_better(tmp_path):
    if not smollm.is_installed():
        required("torch", "make test EXTRAS=torch")
    import torch

    torch.set_num_threads(1)
    data = write_messages(tmp_path / "data")
    began = time.process_time()

    found = Instruct(
        base=str(smollm.folder()),
        prompt=write_prompt(tmp_path, FRUSTRATED, "frustrated"),
        rate=1e-3,
        epochs=2,
        device="cpu",
    ).train_in(tmp_path, data, licence="Apache-2.0", tell=print)

    print(f"held out: {found.held_out}")
    for each in found.figures:
        print(*each)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{time.process_time() - began:.0f} core-seconds, {peak:.2f} GB at most")
    figures = {figure[:2]: figure for figure in found.figures}
    before, after = (
        figures["choice_accuracy", f"frustrated, {when}"]
        for when in ("before", "after")
    )
    always = figures["text_accuracy", "frustrated, always 'yes'"]
    assert after.low > max(before.value, always.value)
    assert "license: apache-2.0" in found.card
