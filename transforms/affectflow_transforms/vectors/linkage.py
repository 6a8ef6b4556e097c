"""Linkage attacks: how well a listener can tell that two vectors have one speaker.

The measure is the equal error rate (EER) of VoicePrivacy: the rate at which as many
pairs of one speaker are missed as pairs of two are accepted. 0.5 is chance, 0 is
certainty.
"""

import numpy as np
import numpy.typing as npt

from affectflow_transforms.vectors.turning import Floats

Words = npt.NDArray[np.str_]


def equal_error_rate(same: Floats, different: Floats) -> float:
    """Returns the EER of scores that should be higher for pairs of one speaker.

    Equal scores are all accepted or all rejected; if the errors cross between two
    thresholds, the value in between is returned.

    >>> equal_error_rate(np.array([0.9, 0.8]), np.array([0.1, 0.2]))
    0.0

    Args:
      same: shape (n,), n at least 1: of pairs of one speaker.
      different: likewise: of pairs of two.
    """
    scores = np.concatenate([same, different])
    is_same = np.concatenate([np.ones(len(same)), np.zeros(len(different))])
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    taken = np.cumsum(is_same[order])[ends]
    missed = np.append(1.0, 1 - taken / len(same))
    false = np.append(0.0, (ends + 1 - taken) / len(different))
    at = int(np.argmax(false >= missed))
    if at == 0:
        return float(missed[0])
    gaps = missed[at - 1 : at + 1] - false[at - 1 : at + 1]
    share = gaps[0] / (gaps[0] - gaps[1])
    return float(missed[at - 1] + share * (missed[at] - missed[at - 1]))


def linked(known: Floats, known_of: Words, found: Floats, found_of: Words) -> float:
    """Returns the EER of an attacker who links vectors to known speakers.

    A speaker is known by the mean of their vectors; pairs are scored by cosine.

    Args:
      known: shape (n, width): what the attacker has.
      known_of: shape (n,): whose they are.
      found: shape (m, width): what is to be linked.
      found_of: shape (m,): whose it is, which the attacker does not know.
    """
    speakers = np.unique(known_of)
    voices = np.stack([_unit(known)[known_of == s].mean(axis=0) for s in speakers])
    scores = _unit(found) @ _unit(voices).T
    is_same = found_of[:, None] == speakers[None]
    return equal_error_rate(scores[is_same], scores[~is_same])


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
