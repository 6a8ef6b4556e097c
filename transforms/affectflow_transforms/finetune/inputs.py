"""What an encoder takes of rows: tokens, pictures, or sounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.media import Clip
from affectflow_transforms.models.pretrained.forward import (
    Network,
    beside_of,
    tensors_of,
    tokens_of,
    unknown_tokens,
)
from affectflow_transforms.models.pretrained.tokens import Text

TEXT, IMAGE, AUDIO = "text", "image", "audio"
_LONGEST_S = 30.0
_PICTURES = 64


class Inputs(Protocol):
    """What an encoder and its head take of rows.

    Attributes:
      lengths: of each row, such as its tokens: rows of like length go together.
      max_batch_tokens: rows times longest row of a forward pass without gradients.
    """

    @property
    def lengths(self) -> Rows: ...

    max_batch_tokens: int

    def tensors(self, rows: Rows) -> Mapping[str, Any]:
        """Returns what the encoder takes of some rows, on its device."""

    def beside(self, rows: Rows) -> Mapping[str, Any]:
        """Returns what the head takes of some rows beside the encoder's states."""


class Texts:
    """Texts as their tokens, and what is known of their words.

    Raises:
      UsageError: a text has a token that the base has no embedding for.
    """

    def __init__(self, network: Network, texts: Sequence[Text]):
        self._network = network
        self._tokens = tokens_of(network, texts)
        for error in unknown_tokens(self._tokens, network.n_known_tokens).values():
            raise UsageError(f"tokenizer and weights of the base do not fit: {error}")
        self.max_batch_tokens = network.max_batch_tokens

    @property
    def lengths(self) -> Rows:
        """Tokens of each text."""
        return self._tokens.lengths

    def tensors(self, rows: Rows) -> Mapping[str, Any]:
        """Returns token ids, mask and, where it takes them, types."""
        return tensors_of(self._network, self._tokens, rows)

    def beside(self, rows: Rows) -> Mapping[str, Any]:
        """Returns numbers of lexica, and the places of word vectors."""
        return beside_of(self._network, self._tokens, rows)


@dataclass(kw_only=True, eq=False)
class Pictures:
    """Pictures, read when they are needed.

    Args:
      module: of torch, that looks.
      processor: of transformers.
      files: of all rows.
    """

    module: Any
    processor: Any
    files: Sequence[Path]
    max_batch_tokens: int = _PICTURES
    lengths: Rows = field(init=False)

    def __post_init__(self) -> None:
        from affectflow_transforms.vision import pictures

        pictures.check_extra()
        self.lengths = np.ones(len(self.files), np.int64)

    def tensors(self, rows: Rows) -> Mapping[str, Any]:
        """Returns pictures in the network's shape."""
        seen = [_picture(self.files[row]) for row in rows]
        given = self.processor(images=seen, return_tensors="pt")
        return {"pixel_values": given["pixel_values"].to(self.module.device)}

    def beside(self, rows: Rows) -> Mapping[str, Any]:
        """Returns nothing."""
        return {}


def _picture(file: Path) -> Any:
    from affectflow_transforms.vision import pictures, video
    from affectflow_transforms.vision.frames import sampling_of

    try:
        whole = video.Stretch(0.0, np.inf)
        seen = pictures.look_at(str(file), whole, sampling_of("uniform:1", "centred"))
    except UnmeasuredError as error:
        raise _unread(error) from error
    return seen.pictures[0]


@dataclass(kw_only=True, eq=False)
class Sounds:
    """Recordings, decoded when they are needed; of long ones, the beginning.

    Args:
      module: of torch, that listens.
      extractor: of transformers.
      files: of all rows.
    """

    module: Any
    extractor: Any
    files: Sequence[Path]
    # One at a time: what fills a recording up changes how its own sound is scaled.
    max_batch_tokens: int = 1
    lengths: Rows = field(init=False)

    def __post_init__(self) -> None:
        from affectflow_transforms.models.speech_affect import turns

        turns.check_extra()
        self.lengths = np.ones(len(self.files), np.int64)

    def tensors(self, rows: Rows) -> Mapping[str, Any]:
        """Returns samples, and a mask of those that are no padding."""
        from affectflow_transforms.models.speech_affect import turns

        clips = [Clip(str(self.files[row])) for row in rows]
        samples: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(rows)
        for each in turns.heard(clips, _LONGEST_S):
            if each.error is not None:
                raise _unread(each.error)
            samples[each.place] = each.samples
        given = self.extractor(
            samples,
            sampling_rate=turns.RATE,
            padding=True,
            return_attention_mask=True,
            return_tensors="pt",
        ).to(self.module.device)
        return {n: given[n] for n in ("input_values", "attention_mask")}

    def beside(self, rows: Rows) -> Mapping[str, Any]:
        """Returns nothing."""
        return {}


def _unread(error: UnmeasuredError) -> UsageError:
    return UsageError(f"cannot train on a file ({error}): correct or remove its row")


def files_of(
    folder: Path, names: Sequence[Text], rows: Rows, column: str
) -> list[Path]:
    """Returns the files that rows name, beneath the folder of the data.

    Args:
      folder: of the data.
      names: of all rows.
      rows: that are used.
      column: of the names.

    Raises:
      UsageError: one is not there, or not beneath the folder.
    """
    root = folder.resolve()
    find = partial(_beneath, root)
    found = [root] * len(names)
    for row in rows.tolist():
        file = find(str(names[row]))
        if file is None:
            raise UsageError(
                f"`{column}` names {str(names[row])!r}, which is not a file beneath "
                f"{str(folder)!r}: paths are relative to --data"
            )
        found[row] = file
    return found


def _beneath(root: Path, name: str) -> Path | None:
    file = (root / name).resolve()
    return file if file.is_file() and file.is_relative_to(root) else None
