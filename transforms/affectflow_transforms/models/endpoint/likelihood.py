"""The likelihood of each label, from the likely tokens of one short answer.

For each token of its answer, a server lists other tokens that were likely there. A
label's likelihood is that of the path that spells it: along the answer as far as both
agree, then along the tokens that continue the label. Labels that the tokens do not
distinguish share the likelihood.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Token(NamedTuple):
    """One token of an answer, and the probabilities of the likely ones there."""

    said: str
    likely: Mapping[str, float]


def likelihoods(
    labels: Sequence[str], tokens: Sequence[Token]
) -> tuple[float, ...] | None:
    """Returns a probability for each label, together 1; None if no token spells any.

    >>> one = Token("joy", {"joy": 0.6, "fear": 0.2, "So": 0.2})
    >>> [round(each, 2) for each in likelihoods(["joy", "fear"], [one])]
    [0.75, 0.25]
    """
    mass = dict.fromkeys(labels, 0.0)
    left = {label: label.casefold() for label in labels}
    path, is_begun = 1.0, False
    for token in tokens:
        for piece, probability in token.likely.items():
            if piece != token.said:
                _share(mass, _spelled(left, _plain(piece, is_begun)), path, probability)
        said = _plain(token.said, is_begun)
        is_begun = is_begun or bool(said)
        left = _spelled(left, said) if said else left
        path *= token.likely[token.said]
        if len(left) < 2 or all(not rest for rest in left.values()):
            break
    done = {label: rest for label, rest in left.items() if not rest}
    _share(mass, done or left if is_begun else {}, path, 1.0)
    total = sum(mass.values())
    return tuple(mass[label] / total for label in labels) if total else None


def _plain(piece: str, is_begun: bool) -> str:
    """Returns a token as it counts; blanks and marks before a label do not."""
    folded = piece.casefold()
    return folded if is_begun else folded.lstrip(" \t\r\n\"'`*:-([{")


def _spelled(left: Mapping[str, str], piece: str) -> dict[str, str]:
    """Returns the labels that a token goes on to spell, and what is left of each."""
    if not piece:
        return {}
    found = {}
    for label, rest in left.items():
        if rest.startswith(piece):
            found[label] = rest[len(piece) :]
        elif piece.startswith(rest) and not piece[len(rest) :][:1].isalnum():
            found[label] = ""
    return found


def _share(
    mass: dict[str, float], labels: Mapping[str, str], path: float, probability: float
) -> None:
    for label in labels:
        mass[label] += path * probability / len(labels)
