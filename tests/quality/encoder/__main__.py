"""Trains EmbeddedEncoder: half an hour of a processor.

    python -m tests.quality.encoder CHECKPOINTS

writes the network with all heads into a folder, and the weights that are shipped; with
a network in the folder, only these.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from affectflow import weights
from affectflow_transforms.models.encoder import packing
from affectflow_transforms.models.encoder.model import TOKENIZER
from tests.given.fitted_classifier import encoder
from tests.quality.__main__ import data_folder
from tests.quality.encoder import finish, lesson, rows, upper_layers
from tests.quality.encoder.rows import EMOTIONS, LABELS, Texts
from tests.quality.encoder.upper_layers import Upper

LONGEST, EPOCHS = 128, 4
TO = weights.folder("affectflow_transforms.models.encoder")


def train(given: Texts, to: Path) -> None:
    """Trains on texts and saves the network in `to`."""
    reddit = np.flatnonzero(given.of == "goemotions")
    y = given.truth[reddit, : len(EMOTIONS)] > 0
    teacher = upper_layers.taught([given.texts[row] for row in reddit], y)
    upper = upper_layers.begin(given.texts, len(LABELS), LONGEST)
    told = lesson.lesson_of(given, teacher)
    best = 0.0
    for epochs, figure in upper_layers.train(
        upper, told, lambda: _macro_f1(upper, given), EPOCHS
    ):
        print(f"{epochs:.1f} epochs: {figure:.4f}", flush=True)
        if figure >= best:
            best = figure
            upper.module.save_pretrained(to)


def _macro_f1(upper: Upper, given: Texts) -> float:
    """Returns macro-F1 on the tenth of GoEmotions, at the best thresholds."""
    chosen = given.rows("goemotions", chosen=True)
    truth = given.truth[chosen, : len(EMOTIONS)] > 0
    return upper_layers.macro_f1(upper.outputs(chosen)[:, : len(EMOTIONS)], truth)


def ship(given: Texts, trained: Path, to: Path) -> None:
    """Writes weights in a byte each and the tokenizer; prints what the bytes cost."""
    import transformers

    module = transformers.BertForSequenceClassification.from_pretrained(trained)
    state = {name: each.numpy() for name, each in module.state_dict().items()}
    shutil.copy(encoder() / TOKENIZER, to / TOKENIZER)
    config = finish.config_of(module)
    chosen = np.flatnonzero(given.chosen)
    found = _outputs(config | {"num_labels": len(LABELS)}, state, given, chosen, to)
    for of in rows.SETS:
        _print_aucs(given, found, of)
    state = finish.classifier(state, finish.combine(given, found))
    whole = _outputs(config, state, given, chosen, to)
    packed = packing.packed(state)
    bytes_ = _outputs(config, packing.unpacked(packed), given, chosen, to)
    scale = finish.scale_of(given, bytes_)
    _print_cost(given, scale, whole, bytes_)
    settings = {
        "epochs": EPOCHS,
        "longest": LONGEST,
        "comments": lesson.COMMENTS,
        "developers": lesson.DEVELOPERS,
    }
    file = finish.written(config, packed, scale, settings)
    (to / finish.FILE).write_bytes(file)
    print(f"{len(file):,} bytes; {json.dumps(config)}")


def _outputs(
    config: dict[str, Any],
    state: dict[str, Any],
    given: Texts,
    chosen: npt.NDArray[np.int64],
    folder: Path,
) -> npt.NDArray[np.float64]:
    """Returns outputs of a network, zeros where a text is not for choosing."""
    model = finish.model_of(config, state, finish.PLAIN, folder)
    found = model.outputs([given.texts[row] for row in chosen])
    every = np.zeros((len(given.texts), found.values.shape[1]))
    every[chosen] = found.values
    return every


def _print_aucs(given: Texts, found: npt.NDArray[np.float64], of: str) -> None:
    chosen = given.rows(of, chosen=True)
    for place, label in enumerate(LABELS):
        truth = given.truth[chosen, place] >= 0.5
        if 10 < truth.sum() < len(truth):
            auc = roc_auc_score(truth, found[chosen, place])
            print(f"{of}: {label} {auc:.3f} ({truth.sum()})")


def _print_cost(given: Texts, scale: Any, whole: Any, bytes_: Any) -> None:
    reddit, n = given.rows("goemotions", chosen=True), len(EMOTIONS)
    every = np.flatnonzero(given.chosen)
    apart = np.abs(scale.scores(whole[every]) - scale.scores(bytes_[every]))
    truth = given.truth[reddit, :n] > 0
    for name, found in (("float32", whole), ("int8", bytes_)):
        best = upper_layers.macro_f1(found[reddit, :n].astype(np.float32), truth)
        print(f"{name}: macro-F1 {best:.4f} on the tenth, at the best thresholds")
    print(f"largest difference of a score {apart.max():.4f}, mean {apart.mean():.5f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("to", type=Path)
    parser.add_argument("--data", type=Path, default=data_folder())
    args = parser.parse_args()
    texts = rows.everything(args.data)
    if not (args.to / "model.safetensors").is_file():
        train(texts, args.to)
    ship(texts, args.to, TO)
