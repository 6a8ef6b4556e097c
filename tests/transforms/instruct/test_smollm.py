"""Instruct on a real small language model: SmolLM2-135M-Instruct. Proofs only."""

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

EACH = 100
FRUSTRATED = """
summary = "whether a message is frustrated"
task = "frustrated"
licence = "Apache-2.0"
fence = false

[[steps]]
name = "frustrated"
text = "{text}\\n\\nIs the author of this frustrated? Answer yes or no."
parser = "label"
labels = ["yes", "no"]
max_new_tokens = 4
"""


def short_messages():
    """The shortest authored messages on whose frustration two passes agree."""
    first, second = labels(1), labels(2)
    found = {"yes": [], "no": []}
    for row in sorted(rows("texts"), key=lambda row: (len(row["text"]), row["id"])):
        said = {each[row["id"]]["frustration"] for each in (first, second)}
        label = "yes" if said == {1} else "no"
        if len(said) == 1 and len(found[label]) < EACH:
            found[label].append(
                {
                    "text": row["text"],
                    "label": label,
                    "conversation_id": row["brief"],
                }
            )
    return [*found["yes"], *found["no"]]


def test_an_adapter_on_two_hundred_messages_makes_held_out_answers_likelier(tmp_path):
    if not smollm.is_installed():
        required("torch", "make test EXTRAS=torch")
    import torch

    torch.set_num_threads(1)
    data = write_rows(tmp_path / "data", short_messages())
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
    (before,) = [f for f in found.figures if f[:2] == ("loss", "(all), before")]
    (after,) = [f for f in found.figures if f[:2] == ("loss", "(all), after")]
    assert after.value < before.value
    assert "license: apache-2.0" in found.card
