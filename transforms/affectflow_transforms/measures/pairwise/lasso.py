"""The regression of AlpacaEval 2: lasso, its penalty by cross-validation over rows.

Each row appears twice, as won with the weight of its preference and as lost with the
rest; so any preference in 0..1 is fitted by its likelihood. Penalties, folds, seed and
solver are those of alpaca_eval 0.6.6.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PENALTIES = np.logspace(-4, 4, 10)
FOLDS = 5
_SEED = 123
_LEAST = 1e-15


def lasso(features: Floats, preference: Floats, weight: Floats) -> Floats:
    """Returns the coefficient of each feature, without an intercept.

    Args:
      features: (rows, features), at least `FOLDS` rows.
      preference: (rows), 0..1, not all 0 or all 1.
      weight: (rows), the weight of each row in fit and score.
    """
    rows = len(preference)
    twice = np.vstack([features, features])
    won = np.repeat([1, 0], rows)
    share = np.concatenate([preference, 1 - preference]) * np.tile(weight, 2)
    scores = np.zeros(len(PENALTIES))
    for learnt, left_out in _folds(twice, np.tile(np.arange(rows), 2)):
        state = np.random.RandomState(_SEED)
        for place, penalty in enumerate(PENALTIES):
            model = _regression(penalty, state)
            model.fit(twice[learnt], won[learnt], sample_weight=share[learnt])
            scores[place] += _score(model, twice, preference, weight, left_out)
    best = _regression(PENALTIES[int(np.argmax(scores))], _SEED)
    return np.asarray(best.fit(twice, won, sample_weight=share).coef_[0])


def _folds(twice: Floats, groups: npt.NDArray[np.int64]) -> Any:
    from sklearn.model_selection import GroupKFold

    return GroupKFold(n_splits=FOLDS).split(twice, groups=groups)


def _score(
    model: Any, twice: Floats, preference: Floats, weight: Floats, rows: Any
) -> float:
    """Returns the mean log-likelihood of rows."""
    said = np.clip(model.predict_proba(twice[rows])[:, 1], _LEAST, 1 - _LEAST)
    true, held = np.tile(preference, 2)[rows], np.tile(weight, 2)[rows]
    each = true * np.log(said) + (1 - true) * np.log(1 - said)
    return float(np.mean(each * held))


def _regression(penalty: float, seed: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    # scikit-learn 1.8 renamed the option.
    renamed = LogisticRegression().get_params()["penalty"] == "deprecated"
    kind: dict[str, Any] = {"l1_ratio": 1.0} if renamed else {"penalty": "l1"}
    return LogisticRegression(
        C=penalty, solver="liblinear", fit_intercept=False, random_state=seed, **kind
    )
