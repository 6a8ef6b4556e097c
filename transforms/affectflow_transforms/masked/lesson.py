"""Rows of words as a network sees them: masked anew each time, or always alike."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.masked import network as networks
from affectflow_transforms.masked.masking import by_rates, corrupted, masked_words
from affectflow_transforms.masked.words import Words
from affectflow_transforms.models.pretrained.forward import Network, padded
from affectflow_transforms.models.pretrained.tokens import Ints

MEASURED_SHARE = 0.15
"""Of all words alike, whatever is masked in training: so recipes can be compared."""
_ROWS_AT_ONCE = 64


class Surprise(NamedTuple):
    """How surprised a network is by masked words.

    Attributes:
      row: shape (masked tokens,): the row of each.
      nats: -log of the probability of what was there.
      in_lexicon: it is of a word of the lexicon.
    """

    row: Ints
    nats: npt.NDArray[np.float64]
    in_lexicon: npt.NDArray[np.bool_]


@dataclass(kw_only=True, eq=False)
class Lesson:
    """A network with the rows whose words it learns to say.

    Args:
      network: with a head for masked words.
      words: of all rows.
      options: which words are masked; as `masked_words` takes them.
      mask_token: stands for a masked token.
      others: tokens that may stand in the place of a masked one.
      seed: of the masks by which it is measured.
    """

    network: Network
    words: Words
    options: Any
    mask_token: int
    others: Ints
    seed: int

    def loss(self, rows: Rows) -> Any:
        """Returns the mean of -log p over tokens that are masked now."""
        import torch

        module = self.network.module
        module.train()
        # The loop sets the seed of torch for each epoch: so are the masks.
        random = np.random.default_rng(int(torch.randint(2**62, (1,))))
        masked = masked_words(self.words, rows, self.options, random)
        nats = self._nats(rows, masked, random)
        if not len(nats):  # nothing was drawn: there is nothing to learn here
            return sum(w.sum() for w in module.parameters() if w.requires_grad) * 0.0
        return nats.mean()

    def surprise(self, rows: Rows) -> Surprise:
        """Returns how surprised it is by words masked alike each time, all by `[MASK]`.

        Args:
          rows: any of them.
        """
        import torch

        self.network.module.eval()
        random = np.random.default_rng([self.seed, 1])
        every = np.ones(len(self.words.sizes), np.bool_)
        masked = by_rates(every, MEASURED_SHARE, 0.0, random)
        found = []
        with torch.inference_mode():
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[start : start + _ROWS_AT_ONCE]
                nats = self._nats(some, masked, None).double().cpu().numpy()
                at, word = self._masked_tokens(some, masked)
                found.append(Surprise(at, nats, self.words.in_lexicon[word]))
        return Surprise(*(np.concatenate(each) for each in zip(*found, strict=True)))

    def _nats(self, rows: Rows, masked: npt.NDArray[np.bool_], random: Any) -> Any:
        """Returns -log p of each masked token of some rows, by row and place."""
        import torch
        from torch.nn import functional

        ids, mask, _ = padded(self.network, self.words.tokens, rows)
        at = self._places(rows, masked, ids.shape)
        if random is None:
            shown = np.where(at, self.mask_token, ids)
        else:
            shown = corrupted(ids, at, self.mask_token, self.others, random)
        module = self.network.module
        given = {"input_ids": shown, "attention_mask": mask}
        tensors = {n: torch.from_numpy(a).to(module.device) for n, a in given.items()}
        where = torch.from_numpy(at).to(module.device)
        if not at.any():
            return torch.zeros(0)
        said = networks.logits(module, tensors, where)
        right = torch.from_numpy(ids[at]).to(module.device)
        return functional.cross_entropy(said, right, reduction="none")

    def _places(
        self, rows: Rows, masked: npt.NDArray[np.bool_], shape: tuple[int, ...]
    ) -> npt.NDArray[np.bool_]:
        """Returns where masked tokens stand in rows that are filled up."""
        starts, lengths = self.words.tokens.starts, self.words.tokens.lengths
        at = np.zeros(shape, np.bool_)
        for place, row in enumerate(rows):
            word = self.words.word[starts[row] : starts[row + 1]]
            own = masked[word] & (word >= 0)
            begins = shape[1] - lengths[row] if self.network.pads_left else 0
            at[place, begins : begins + len(own)] = own
        return at

    def _masked_tokens(
        self, rows: Rows, masked: npt.NDArray[np.bool_]
    ) -> tuple[Ints, Ints]:
        """Returns row and word of each masked token, in the order of `_nats`."""
        found_rows, found_words = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        starts = self.words.tokens.starts
        for row in rows:
            word = self.words.word[starts[row] : starts[row + 1]]
            own = word[masked[word] & (word >= 0)]
            found_rows.append(np.full(len(own), row))
            found_words.append(own)
        return np.concatenate(found_rows), np.concatenate(found_words)
