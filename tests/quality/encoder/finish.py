"""From the trained network to the file that is shipped: heads, calibration, a byte.

What is fitted here is fitted on the tenth that was not learned: a slope, an offset and
a threshold for each emotion, and one head of frustration out of two.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
from tests.quality.encoder import thresholds
from tests.quality.encoder.lesson import weights_of
from tests.quality.encoder.rows import EMOTIONS, LABELS, Texts
from tests.quality.encoder.thresholds import Rows, Values

VERSION = "2"
FILE = f"encoder_v{VERSION}.safetensors"
SHIPPED = (*EMOTIONS, *FLAGS)
LICENCE = (
    "CC BY 4.0 (GoEmotions, Demszky et al. 2020), MIT (gh_incivility, Ehsani et al. "
    "2024), CC BY 4.0 (irc_disentanglement, Kummerfeld et al. 2019), Apache-2.0 "
    "(all-MiniLM-L6-v2, sentence-transformers)"
)
_CONFIG = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "max_position_embeddings", "type_vocab_size"),
    *("layer_norm_eps", "hidden_act", "pad_token_id"),
)
BITTER = (0.0, 0.25, 0.5, 1.0)
FLAGGED = ("developers", "authored")
"""The sets that have frustration and irritation."""
EMOTIONS_BY = ("goemotions",)
"""The sets that thresholds of emotions are chosen on."""
_FRUSTRATION, _IRRITATION, _BITTER = map(
    LABELS.index, ("frustration", "irritation", "bitter")
)

PLAIN = Scale(*(np.zeros(0, np.float32),) * 3)
"""For a network whose outputs are read as they are."""


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

    The weight of `bitter` is the one with the best AUC, developers' and authored
    messages counted alike. Comments are not asked: bitterness stands for frustration
    there, and most of those for choosing are developers' messages, too.

    Args:
      given: all texts.
      found: outputs of the network, shape (texts, labels); read for those rows.
    """
    from sklearn.metrics import roc_auc_score

    sets = [given.rows(of, chosen=True) for of in FLAGGED]
    truth = given.truth[:, _FRUSTRATION] >= 0.5
    aucs = {}
    for bitter in BITTER:
        sums = found[:, _FRUSTRATION] + bitter * found[:, _BITTER]
        each = [roc_auc_score(truth[rows], sums[rows]) for rows in sets]
        print(f"bitter {bitter:g}: AUC {each[0]:.3f} {FLAGGED[0]}, {each[1]:.3f} "
              f"{FLAGGED[1]}")  # fmt: skip
        aucs[bitter] = float(np.mean(each))
    best = max(aucs, key=lambda bitter: aucs[bitter])
    sums = found[:, _FRUSTRATION] + best * found[:, _BITTER]
    slope, offset = _calibrate(given, sums, _FRUSTRATION)
    return Combined(bitter=best, slope=slope, offset=offset)


def _flagged(given: Texts) -> tuple[Rows, Values]:
    """Returns rows for choosing that have flags, and weights: both sets count alike.

    Authored messages have as much frustration as comments, by their weights.
    """
    developers, authored = (given.rows(of, chosen=True) for of in FLAGGED)
    own = weights_of(given, authored)
    weights = [np.full(len(developers), 1 / len(developers)), own / own.sum()]
    return np.concatenate([developers, authored]), np.concatenate(weights)


def _calibrate(given: Texts, found: Values, label: int) -> tuple[float, float]:
    """Returns slope and offset of Platt's scaling, by soft labels.

    Args:
      given: all texts.
      found: outputs of a label, shape (texts,).
      label: its column in `given.truth`.
    """
    rows, weights = _flagged(given)
    soft = given.truth[rows, label].astype(np.float64)
    both = (len(rows) * weights * share for share in (soft, 1 - soft))
    return _platt(found[rows], *both)


def _platt(decided: Values, yes: Values, no: Values) -> tuple[float, float]:
    """Returns slope and offset for decisions, each weighted as a yes and as a no."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(
        np.concatenate([decided, decided])[:, None],
        np.repeat([True, False], len(decided)),
        sample_weight=np.concatenate([yes, no]),
    )
    return float(model.coef_[0, 0]), float(model.intercept_[0])


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

    Args:
      given: all texts.
      found: its outputs, shape (texts, labels of `SHIPPED`).
    """
    reddit, n = given.rows("goemotions", chosen=True), len(EMOTIONS)
    slope, offset = emotions_fit.calibrate(
        found[reddit, :n], given.truth[reddit, :n] > 0
    )
    scores = special.expit(slope * found[:, :n] + offset)
    for told in (
        *thresholds.reliability(given, scores),
        *thresholds.compared(given, scores),
    ):
        print(told)
    sets = [given.rows(of, chosen=True) for of in EMOTIONS_BY]
    own = irritation(given, found)
    whole = (
        (slope, 1.0, own[0]),
        (offset, 0.0, own[1]),
        (
            thresholds.of_emotions(given, scores, sets),
            frustrated_from(given, found),
            own[2],
        ),
    )
    return Scale(*(np.concatenate([e, r]).astype(np.float32) for e, *r in whole))


def frustrated_from(given: Texts, found: Values) -> float:
    """Returns the score from which a text is frustrated.

    Of the developers' messages in which no pass finds frustration, `FALSE_FLAGS` reach
    it: what civil comments reach says less, since they may be frustrated.
    """
    rows = given.rows("developers", chosen=True)
    calm = rows[given.truth[rows, _FRUSTRATION] == 0]
    odds = np.quantile(found[calm, _FRUSTRATION], 1 - fit.FALSE_FLAGS)
    return float(special.expit(odds))


def irritation(given: Texts, found: Values) -> tuple[float, float, float]:
    """Returns slope, offset and threshold of irritation, that of the highest F1."""
    slope, offset = _calibrate(given, found[:, _IRRITATION], _IRRITATION)
    rows, weights = _flagged(given)
    scores = special.expit(slope * found[rows, _IRRITATION] + offset)
    truth = given.truth[rows, _IRRITATION] >= 0.5
    return slope, offset, thresholds.best(scores, truth, weights)


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
