"""How BERTweet reads: accounts, links and emoji are words, if the tokenizer asks.

Nguyen, Vu and Tuan Nguyen (2020), "BERTweet: A pre-trained language model for English
Tweets", section 2: `@USER`, `HTTPURL`, and emoji by their names. LEIA reads so too.
"""

import re
from collections.abc import Sequence
from typing import Any

_ACCOUNT = re.compile(r"(?<!\S)@\w+|\[(?:USER|NAME)\]")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\[LINK\]", re.IGNORECASE)


def asked_by(tokenizer: Any) -> bool:
    """Returns whether a tokenizer of transformers was made for texts written so.

    Its configuration says `normalization`, or that it is BERTweet's.
    """
    said = getattr(tokenizer, "init_kwargs", {})
    names = (type(tokenizer).__name__, str(said.get("tokenizer_class", "")))
    return bool(said.get("normalization")) or any("Bertweet" in name for name in names)


def normalised(texts: Sequence[str]) -> list[str]:
    """Returns texts as BERTweet reads them.

    >>> normalised(["@jo see https://a.org 😂"])
    ['@USER see HTTPURL :face_with_tears_of_joy:']
    """
    import emoji

    return [
        emoji.demojize(_LINK.sub("HTTPURL", _ACCOUNT.sub("@USER", text)))
        for text in texts
    ]
