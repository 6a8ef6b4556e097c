"""Directions of emotions among vectors: planes that separate one from the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.sources.listing import open_binary
from affectflow_transforms.vectors.turning import Floats, moved, scaled

DISTANCE = 30.0
"""From the plane to where vectors are moved; 30 and 40 in arXiv 2408.05928."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Directions:
    """For each emotion the plane between it and all others, among scaled vectors.

    Args:
      labels: the emotions.
      normals: shape (labels, width), of length 1, to the side of the emotion.
      offsets: shape (labels,): a vector is on that side if `normal x + offset` is
        above 0.
      distances: shape (labels,), signed: where vectors of an emotion are moved.
    """

    labels: tuple[str, ...]
    normals: Floats
    offsets: Floats
    distances: Floats

    @classmethod
    def fit(
        cls,
        vectors: Floats,
        labels: Sequence[str],
        *,
        distance: float = DISTANCE,
        seed: int = 0,
    ) -> Self:
        """Returns the planes of linear support vector machines, one for each label.

        Args:
          vectors: shape (n, width).
          labels: of each; at least two different ones.
          distance: where vectors of each label are to be moved.
          seed: of the fit.

        Raises:
          UsageError: all labels are the same.
        """
        from sklearn.svm import LinearSVC

        names = tuple(sorted(set(labels)))
        if len(names) < 2:
            raise UsageError(f"directions need at least two labels, got {names}")
        given, known = scaled(vectors), np.array(labels)
        normals, offsets = [], []
        for name in names:
            fitted = LinearSVC(random_state=seed, dual="auto").fit(given, known == name)
            length = np.linalg.norm(fitted.coef_[0])
            normals.append(fitted.coef_[0] / length)
            offsets.append(fitted.intercept_[0] / length)
        distances = np.full(len(names), distance)
        return cls(
            labels=names,
            normals=np.stack(normals),
            offsets=np.array(offsets),
            distances=distances,
        )

    @classmethod
    def read(cls, uri: str) -> Self:
        """Returns the directions of a file that `to_json` wrote.

        Raises:
          UsageError: it is not such a file.
          StorageError: it does not open.
        """
        with open_binary(uri) as file:
            content = file.read()
        try:
            said = json.loads(content)
            normals = np.array(said["normals"], np.float64)
            offsets, distances = (
                np.array(said[name], np.float64) for name in ("offsets", "distances")
            )
            found = cls(
                labels=tuple(said["labels"]),
                normals=normals,
                offsets=offsets,
                distances=distances,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{uri!r} is not a file of directions: {error}") from error
        found.check(uri)
        return found

    def check(self, name: str) -> None:
        """Raises UsageError unless there is a direction of length 1 for each label."""
        n = len(self.labels)
        shapes = {self.offsets.shape, self.distances.shape}
        is_whole = shapes == {(n,)} and self.normals.shape[:-1] == (n,) and n > 0
        if not is_whole or not np.allclose(np.linalg.norm(self.normals, axis=1), 1):
            raise UsageError(
                f"{name!r} is not a file of directions: it needs one offset, one "
                "distance and one normal of length 1 per label"
            )

    def to_json(self) -> str:
        """Returns them as JSON, as `read` takes them."""
        columns = ("normals", "offsets", "distances")
        said = {name: getattr(self, name).tolist() for name in columns}
        return json.dumps({"labels": list(self.labels), **said})

    @property
    def width(self) -> int:
        """Width of the vectors."""
        return int(self.normals.shape[1])

    def which(self, vectors: Floats) -> npt.NDArray[np.int64]:
        """Returns the index of each scaled vector's label, by the widest margin."""
        return np.asarray((vectors @ self.normals.T + self.offsets).argmax(axis=1))

    def restored(self, vectors: Floats, originals: Floats) -> Floats:
        """Returns vectors moved to the emotions of others, row for row.

        Args:
          vectors: shape (n, width): where they are now.
          originals: likewise: scaled, as they were.
        """
        which = self.which(originals)
        return moved(vectors, self.normals[which], self.distances[which])

    def place(self, label: str) -> int:
        """Returns the place of a label.

        Raises:
          UsageError: there is none; the message lists those that exist.
        """
        if label not in self.labels:
            raise UsageError(f"no direction {label!r}; known: {', '.join(self.labels)}")
        return self.labels.index(label)
