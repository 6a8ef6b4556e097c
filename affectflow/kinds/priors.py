"""Corrects a model's scores for a text by its scores for an empty one.

A model favours some labels whatever it reads. Its scores for an empty text show which,
and dividing by them leaves what the text adds. For likelihoods that are sums over
tokens, this is the pointwise mutual information of text and label given the question
(Holtzman et al. 2021, Surface Form Competition).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from affectflow.errors import RowError
from affectflow.kinds.asking import Outcome

_LOWEST = 1e-300  # a likelihood too small for a number is not zero


def without_prior(outcome: Outcome, prior: Outcome, choices: Sequence[str]) -> Outcome:
    """Returns an answer whose scores are divided by those of an empty text.

    Args:
      outcome: of a closed question.
      prior: of the same question about an empty text.
      choices: the labels of both.
    """
    if isinstance(outcome, Exception):
        return outcome
    if isinstance(prior, Exception):
        return RowError(f"the model gave no answer for an empty text: {prior}")
    if not outcome.scores or not prior.scores:
        return outcome
    scores = divided(outcome.scores, prior.scores)
    best = choices[int(np.argmax(scores))]
    return replace(outcome, text=best, scores=scores)


def divided(scores: Sequence[float], prior: Sequence[float]) -> tuple[float, ...]:
    """Returns scores divided by those of an empty text, normalised to sum to 1."""
    found, before = (np.log(np.maximum(each, _LOWEST)) for each in (scores, prior))
    raised = np.exp(found - before - (found - before).max())
    return tuple((raised / raised.sum()).tolist())
