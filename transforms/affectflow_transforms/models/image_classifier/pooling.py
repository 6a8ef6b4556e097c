"""From the frames of videos to the videos: scores and values are averaged."""

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.sequence_classifier.answers import sigmoid, softmax
from affectflow_transforms.models.sequence_classifier.heads import Space

Matrix = npt.NDArray[np.float32]
_TINY = np.finfo(np.float32).tiny


def pooled(
    space: Space, outputs: Matrix, whose: npt.NDArray[np.int64], n_clips: int
) -> Matrix:
    """Returns outputs for each clip, whose scores are the means over its frames.

    Args:
      space: what the outputs are.
      outputs: shape (frames, width), the output of the head.
      whose: shape (frames,): the clip of each, rising.
      n_clips: number of clips.

    Returns:
      Shape (n_clips, width); zeros for a clip without frames.
    """
    if np.array_equal(whose, np.arange(n_clips)):
        return outputs
    if space.answer == "value":
        return _means(outputs, whose, n_clips)
    if space.answer == "several":
        means = np.clip(_means(sigmoid(outputs), whose, n_clips), _TINY, 1 - 1e-7)
        return np.log(means / (1 - means)).astype(np.float32)
    means = _means(softmax(outputs), whose, n_clips)
    return np.log(np.maximum(means, _TINY)).astype(np.float32)


def _means(values: Matrix, whose: npt.NDArray[np.int64], n_clips: int) -> Matrix:
    sums = np.zeros((n_clips, values.shape[1]), np.float64)
    np.add.at(sums, whose, values)
    counts = np.bincount(whose, minlength=n_clips)
    return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
