"""From the trained network to the file that is shipped: heads, calibration, a byte.

What is fitted here is fitted on the tenth that was not learned: a slope, an offset and
a threshold for each emotion, and one head of frustration out of two.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from affectflow import weights
from affectflow_transforms.models.emotions import fit as emotions_fit
from affectflow_transforms.models.encoder.model import (
    ANNOTATOR,
    EncoderModel,
    Scale,
    module_of,
    network_of,
)
from affectflow_transforms.models.frustration import fit
from tests.quality.authored.reading import FLAGS
from tests.quality.encoder.lesson import weights_of
from tests.quality.encoder.rows import EMOTIONS, LABELS, Texts

VERSION = "1"
FILE = f"encoder_v{VERSION}.safetensors"
SHIPPED = (*EMOTIONS, *FLAGS)
LICENCE = (
    "CC BY 4.0 (GoEmotions, Demszky et al. 2020), MIT (gh_incivility, Ehsani et al. "
    "2024), Apache-2.0 (all-MiniLM-L6-v2, sentence-transformers)"
)
_CONFIG = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "max_position_embeddings", "type_vocab_size"),
    *("layer_norm_eps", "hidden_act", "pad_token_id"),
)
BITTER = (0.0, 0.25, 0.5, 1.0)
_FRUSTRATION, _IRRITATION, _BITTER = map(
    LABELS.index, ("frustration", "irritation", "bitter")
)

PLAIN = Scale(*(np.zeros(0, np.float32),) * 3)
"""For a network whose outputs are read as they are."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Combined:
    """How two heads make one of frustration: log odds of what they add up to.

    Args:
      bitter: the weight of the head of bitter comments beside that of frustration.
      slope: with `offset`, makes log odds of the sum.
      offset: see there.
    """

    bitter: float
    slope: float
    offset: float


def combine(given: Texts, found: Values) -> Combined:
    """Returns the head of frustration, chosen by the rows that are for it.

    The weight of `bitter` is the one with the best AUC, comments and authored messages
    counted alike.

    Args:
      given: all texts.
      found: outputs of the network, shape (texts, labels); read for those rows.
    """
    from sklearn.metrics import roc_auc_score

    sets = [(bitter_of(given), given.rows("comments", chosen=True)),
            (frustrated_of(given), given.rows("authored", chosen=True))]  # fmt: skip
    aucs = {}
    for bitter in BITTER:
        sums = found[:, _FRUSTRATION] + bitter * found[:, _BITTER]
        each = [roc_auc_score(truth >= 0.5, sums[rows]) for truth, rows in sets]
        print(
            f"bitter {bitter:g}: AUC {each[0]:.3f} of comments, {each[1]:.3f} authored"
        )
        aucs[bitter] = float(np.mean(each))
    best = max(aucs, key=lambda bitter: aucs[bitter])
    sums = found[:, _FRUSTRATION] + best * found[:, _BITTER]
    (frustrated, comments), (written, messages) = sets
    slope, offset = fit.calibrate(
        (sums[comments], sums[messages]), frustrated > 0, written
    )
    return Combined(bitter=best, slope=slope, offset=offset)


def bitter_of(given: Texts) -> Values:
    """Returns which comments for choosing are bitter, 0 or 1."""
    rows = given.rows("comments", chosen=True)
    return given.truth[rows, _BITTER].astype(np.float64)


def frustrated_of(given: Texts) -> Values:
    """Returns who finds frustration in authored messages for choosing, 0..1."""
    rows = given.rows("authored", chosen=True)
    return given.truth[rows, _FRUSTRATION].astype(np.float64)


def classifier(state: dict[str, Any], combined: Combined) -> dict[str, Any]:
    """Returns weights with the classifier's rows of `SHIPPED`, frustration combined."""
    found = {}
    for name in ("classifier.weight", "classifier.bias"):
        heads = state[name].astype(np.float64)
        own = heads[_FRUSTRATION] + combined.bitter * heads[_BITTER]
        found[name] = heads[: len(SHIPPED)]
        found[name][_FRUSTRATION] = combined.slope * own
    found["classifier.bias"][_FRUSTRATION] += combined.offset
    return state | {name: each.astype(np.float32) for name, each in found.items()}


def scale_of(given: Texts, found: Values) -> Scale:
    """Returns what reads the outputs of the shipped network, from rows for choosing.

    A text is frustrated from the score on that 3 % of civil comments reach.

    Args:
      given: all texts.
      found: its outputs, shape (texts, labels of `SHIPPED`).
    """
    reddit, comments = (
        given.rows(of, chosen=True) for of in ("goemotions", "comments")
    )
    n = len(EMOTIONS)
    truth = given.truth[reddit, :n] > 0
    fitted = emotions_fit.fit_calibration(found[reddit, :n], truth)
    civil = given.truth[comments, LABELS.index("uncivil")] == 0
    odds = np.quantile(found[comments[civil], _FRUSTRATION], 1 - fit.FALSE_FLAGS)
    own = irritation(given, found)
    whole = (
        (fitted.slope, 1.0, own[0]),
        (fitted.offset, 0.0, own[1]),
        (fitted.thresholds, special.expit(odds), own[2]),
    )
    return Scale(*(np.concatenate([e, r]).astype(np.float32) for e, *r in whole))


def irritation(given: Texts, found: Values) -> tuple[float, float, float]:
    """Returns slope, offset and threshold of irritation, by authored messages.

    They are weighted to the comments' share of frustration; the threshold is that of
    the highest F1.
    """
    from sklearn.linear_model import LogisticRegression

    rows = given.rows("authored", chosen=True)
    soft = given.truth[rows, _IRRITATION].astype(np.float64)
    weight = weights_of(given, rows)
    odds = found[rows, _IRRITATION][:, None]
    model = LogisticRegression(C=1e6).fit(
        np.concatenate([odds, odds]),
        np.concatenate([soft >= 0, soft < 0]),
        sample_weight=np.concatenate([weight * soft, weight * (1 - soft)]),
    )
    scores = model.predict_proba(odds)[:, 1]
    (threshold,) = emotions_fit.best_thresholds(scores[:, None], soft[:, None] >= 0.5)
    return float(model.coef_[0, 0]), float(model.intercept_[0]), float(threshold)


def config_of(module: Any) -> dict[str, Any]:
    """Returns what `transformers.BertConfig` needs to make the shipped network."""
    config = module.config.to_dict()
    return {name: config[name] for name in _CONFIG} | {"num_labels": len(SHIPPED)}


def model_of(
    config: dict[str, Any], state: dict[str, Any], scale: Scale, folder: Path
) -> EncoderModel:
    """Returns a model as it will be read, with a tokenizer from a folder."""
    module = module_of(config, state)
    network = network_of(module, folder, "cpu")
    return EncoderModel(network=network, labels=SHIPPED, scale=scale)


def written(
    config: dict[str, Any],
    packed: dict[str, Any],
    scale: Scale,
    settings: dict[str, Any],
) -> bytes:
    """Returns the weights file."""
    arrays = packed | {
        name: np.asarray(each)
        for name, each in zip(("slope", "offset", "threshold"), scale, strict=True)
    }
    metadata = {
        "annotator": ANNOTATOR,
        "version": VERSION,
        "licence": LICENCE,
        "labels": ",".join(SHIPPED),
        "config": json.dumps(config, sort_keys=True),
        "settings": json.dumps(settings, sort_keys=True),
    }
    return weights.written(arrays, metadata)
