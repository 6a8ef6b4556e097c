"""A language model on its device, with what is needed to ask it."""

import re
from dataclasses import dataclass
from typing import Any

from affectflow_transforms.models.pretrained.forward import Network


@dataclass(kw_only=True, eq=False)
class Generator(Network):
    """A network that continues texts.

    Args:
      writer: the tokenizer of transformers: it knows how a chat is written, if the
        model says so, and what ends an answer.
      is_seq2seq: the question is read by an encoder and answered by a decoder.
      marks: the tokens that tell the model who speaks; in a text they are only text.
      takes_system: its template knows the role `system`.
      accepts: the arguments that the network accepts.
      shares_prompt: all labels may stand behind one prompt in one row, up to `window`
        tokens.
      window: how far the network looks back; None for everything.
    """

    writer: Any
    is_seq2seq: bool
    marks: re.Pattern[str]
    takes_system: bool = True
    accepts: frozenset[str] = frozenset()
    shares_prompt: bool = False
    window: int | None = None

    @property
    def has_template(self) -> bool:
        """Whether the model says how a chat is written."""
        return bool(self.writer.chat_template)

    @property
    def start_token(self) -> int | None:
        """What a decoder begins with; None if the question itself is continued."""
        if not self.is_seq2seq:
            return None
        start: int = self.module.generation_config.decoder_start_token_id
        return start

    @property
    def end_token(self) -> int | None:
        """What ends an answer; None if nothing does."""
        end: int | None = self.writer.eos_token_id
        return end
