"""A sequence-to-sequence network whose encoder reads words and an emotion.

Each word's embedding plus that of the message's emotion, normalised: Goswamy et al.
2021, "Emotion-Aware Transformer Encoder for Empathetic Dialogue Generation", arXiv
2204.11320. Its Transformer-XL is any encoder of transformers here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.source import check_weights

WHAT = "a sequence-to-sequence model"
NO_EMOTION = 0
"""The row of the table of emotions that is zero, and stays so."""


def load_base(folder: Path) -> tuple[Any, Any]:
    """Returns the network of a base, and its tokenizer.

    Raises:
      MissingExtraError: the extra `torch` is not installed.
      UsageError: it holds no safetensors or tokenizer, or is of another kind.
    """
    transformers = loading.check_extra(WHAT)
    check_weights(folder)
    loading.check_tokenizer(folder)
    transformers.utils.logging.disable_progress_bar()
    config = loading.from_pretrained(transformers.AutoConfig, folder, WHAT)
    if not config.is_encoder_decoder:
        raise UsageError(
            f"{str(folder)!r} has the architecture {config.model_type}, which has no "
            "encoder and decoder: give a base such as T5 or BART"
        )
    import torch

    module = loading.from_pretrained(
        transformers.AutoModelForSeq2SeqLM,
        folder,
        WHAT,
        dtype=torch.float32,
        use_safetensors=True,
    )
    tokenizer = loading.from_pretrained(transformers.AutoTokenizer, folder, WHAT)
    return module, tokenizer


def conditioned(base: Any, n_emotions: int) -> Any:
    """Returns a base with a table of emotions; row 0 is that of none.

    The norm begins with the spread of the base's embeddings, so that the base reads
    what it is used to; the rows of emotions begin small.
    """
    import torch
    from torch import nn

    class Conditioned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = base
            words = base.get_input_embeddings().weight
            width = words.shape[1]
            self.emotions = nn.Embedding(n_emotions + 1, width, padding_idx=NO_EMOTION)
            self.norm = nn.LayerNorm(width)
            with torch.no_grad():
                self.emotions.weight.mul_(0.1 * float(words.std()))
                self.norm.weight.fill_(float(words.std()))

        def embedded(self, ids: Any, emotions: Any) -> Any:
            """Returns what the encoder reads, shape (rows, tokens, width)."""
            words = self.base.get_input_embeddings()(ids)
            return self.norm(words + self.emotions(emotions)[:, None])

        def forward(self, ids: Any, mask: Any, emotions: Any, replies: Any) -> Any:
            """Returns logits of the tokens of replies."""
            return self.base(
                inputs_embeds=self.embedded(ids, emotions),
                attention_mask=mask,
                labels=replies,
            ).logits

    return Conditioned()


def own_arrays(module: Any) -> dict[str, Any]:
    """Returns the weights of a network, of tied ones only the first."""
    seen: set[int] = set()
    found = {}
    for name, value in module.state_dict().items():
        if value.data_ptr() not in seen:
            seen.add(value.data_ptr())
            found[name] = value.detach().cpu().contiguous().numpy()
    return found


def filled(folder: Path, arrays: dict[str, Any], labels: Sequence[str]) -> Any:
    """Returns the network that a training has written into a folder.

    Raises:
      UsageError: a weight is missing.
    """
    transformers = loading.check_extra(WHAT)
    import torch

    config = loading.from_pretrained(transformers.AutoConfig, folder, WHAT)
    module = conditioned(
        transformers.AutoModelForSeq2SeqLM.from_config(config), len(labels)
    )
    there = {name: torch.from_numpy(array) for name, array in arrays.items()}
    missing, _ = module.load_state_dict(there, strict=False)
    module.base.tie_weights()
    tied = set(module.state_dict()) - set(own_arrays(module))
    if lost := sorted(set(missing) - tied):
        raise UsageError(
            f"the weights in {str(folder)!r} have no {lost[0]!r}: train them again"
        )
    return module.eval()
