"""Rotations determined by a key, and moves along a direction.

The method is that of "Adapting general disentanglement-based speaker anonymization"
(arXiv 2408.05928): a product of Householder reflections turns a speaker's vectors; then
each is moved to a fixed signed distance from the plane that tells its emotion.
"""

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def scaled(vectors: Floats) -> Floats:
    """Returns vectors scaled to the square root of their width, like ECAPA's there.

    Args:
      vectors: shape (n, width), none of length 0.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths * np.sqrt(vectors.shape[1]))


def moved(vectors: Floats, normal: Floats, distance: float | Floats) -> Floats:
    """Returns vectors at a signed distance from a plane through the origin.

    x + (d - n x) n: what is orthogonal to the direction stays, and to move twice is to
    move once.

    Args:
      vectors: shape (n, width).
      normal: shape (width,) or (n, width), of length 1: the direction.
      distance: of all, or shape (n,).
    """
    away = distance - np.einsum(
        "ij,ij->i", vectors, np.broadcast_to(normal, vectors.shape)
    )
    return np.asarray(vectors + away[:, None] * normal)


def turned(vectors: Floats, key: bytes, whose: str) -> Floats:
    """Returns vectors after as many reflections as they are wide.

    Lengths and distances between them stay. Every turn is as likely as any other
    (Stewart 1980): reflections in directions by pure chance would leave, after so many,
    a cosine of about exp(-2) with what was, by which speakers can still be linked.

    Args:
      vectors: shape (n, width).
      key: a secret, at most 64 bytes.
      whose: the same word turns in the same way.
    """
    mirrors, signs = _mirrors(vectors.shape[1], key, whose)
    return _reflected(vectors, mirrors) * signs


def turned_back(vectors: Floats, key: bytes, whose: str) -> Floats:
    """Returns what `turned` was given: whoever has the key can undo it."""
    mirrors, signs = _mirrors(vectors.shape[1], key, whose)
    return _reflected(vectors * signs, mirrors[::-1])


def _reflected(vectors: Floats, mirrors: Floats) -> Floats:
    found = np.array(vectors, np.float64)
    for mirror in mirrors:
        found -= np.outer(2 * (found @ mirror), mirror)
    return found


def _mirrors(width: int, key: bytes, whose: str) -> tuple[Floats, Floats]:
    """Returns unit vectors, shape (width, width), and signs, shape (width,).

    The nth mirror takes a random direction of all axes but the first n to the next one.
    """
    mirrors = np.triu(_normal(width * width, key, whose).reshape(width, width))
    signs = np.where(mirrors.diagonal() < 0, 1.0, -1.0)
    at = np.arange(width)
    mirrors[at, at] -= signs * np.linalg.norm(mirrors, axis=1)
    return mirrors / np.linalg.norm(mirrors, axis=1, keepdims=True), signs


def _normal(count: int, key: bytes, whose: str) -> Floats:
    """Returns normally distributed numbers that only the key determines.

    They are made of SHAKE-256, by Box and Muller, so that they are the same on every
    machine and with every version of NumPy.
    """
    # hashlib has no keyed SHAKE, so a keyed digest seeds it.
    seed = hashlib.blake2b(whose.encode(), key=key).digest()
    stream = hashlib.shake_256(seed).digest(8 * (count + count % 2))
    halves = (np.frombuffer(stream, "<u8") >> np.uint64(11)).reshape(2, -1)
    uniform = (halves + 0.5) / 2**53
    radius, angle = np.sqrt(-2 * np.log(uniform[0])), 2 * np.pi * uniform[1]
    both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return np.asarray(both[:count])
