"""A chat as one text, and as tokens: what a model is fed of a request."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.kinds.asker import Message
from affectflow.weights import one_line
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.pretrained.tokens import Tokens

Ids = npt.NDArray[np.int64]

# What templates ask for beside the chat: no thinking aloud, and a fixed date,
# because an answer must be the same tomorrow.
_TEMPLATE_OPTIONS = {"enable_thinking": False, "date_string": "26 Jul 2024"}
# The tokenizer keeps one object per token; chunks bound how many exist at once.
_TOKENISED_AT_ONCE = 4_096
# More would not fit any model, so megabytes of log are not tokenised in vain.
_CHARACTERS_PER_TOKEN = 32


def marks_of(tokenizer: Any) -> re.Pattern[str]:
    """Returns what matches the tokens that steer a model, such as the end of a turn."""
    added = tokenizer.added_tokens_decoder.values()
    marks = [
        each.content
        for each in added
        if len(each.content) > 1
        and (each.special or each.content[0] + each.content[-1] == "<>")
    ]
    longest_first = sorted(marks, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def disarmed(text: str, marks: re.Pattern[str]) -> str:
    """Returns a text in which every mark is broken by a blank.

    >>> disarmed("no <|end|>!", re.compile(re.escape("<|end|>")))
    'no < |end|>!'
    """
    return marks.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def rendered(generator: Generator, messages: Sequence[Message]) -> str:
    """Returns a chat as the model's template writes it; without one, as plain text."""
    chat = [
        {"role": each.role, "content": disarmed(each.content, generator.marks)}
        for each in messages
    ]
    if not generator.has_template:
        return "\n\n".join(each["content"] for each in chat) + "\n"
    if not generator.takes_system:
        chat = without_system(chat)
    return templated(generator.writer, chat)


def templated(tokenizer: Any, chat: Sequence[dict[str, str]]) -> str:
    """Returns a chat up to where the model's answer begins."""
    text: str = tokenizer.apply_chat_template(
        list(chat), tokenize=False, add_generation_prompt=True, **_TEMPLATE_OPTIONS
    )
    return text


def takes_system(tokenizer: Any, folder: Path) -> bool:
    """Returns whether a model's template knows the role `system`.

    Raises:
      UsageError: the template cannot write a chat.
    """
    from jinja2 import TemplateError

    asked = {"role": "user", "content": "?"}
    if not tokenizer.chat_template:
        return True
    try:
        templated(tokenizer, [asked])
    except (TemplateError, TypeError, KeyError) as error:
        raise UsageError(
            f"the chat template of {str(folder)!r} fails: {one_line(error)}; fix it, "
            "or remove it to ask in plain text"
        ) from error
    try:
        written = templated(tokenizer, [{"role": "system", "content": "!told!"}, asked])
    except TemplateError:
        return False
    return "!told!" in written


def without_system(chat: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Returns a chat whose first question begins with what the model is told first."""
    told = "".join(m["content"] + "\n\n" for m in chat if m["role"] == "system")
    asked = [dict(each) for each in chat if each["role"] != "system"]
    asked[0]["content"] = told + asked[0]["content"]
    return asked


def tokenised(generator: Generator, texts: Sequence[str], room: int) -> Tokens:
    """Returns the tokens of questions; one that is too long loses its middle.

    The instruction is at the beginning or the end, and the text that it is about in
    between.

    Args:
      generator: the model that has the tokens.
      texts: the output of `rendered`.
      room: number of tokens that the answer takes up.

    Raises:
      UsageError: the answer leaves no room for a question.
    """
    longest = generator.max_tokens - (0 if generator.is_seq2seq else room)
    if longest < 1:
        raise UsageError(
            f"the answer takes up {room} tokens, but the model reads at most "
            f"{generator.max_tokens}; ask for a shorter answer (`max_new_tokens`), or "
            "give the model fewer labels"
        )
    cut = [_middle_out(text, longest * _CHARACTERS_PER_TOKEN) for text in texts]
    ids = [np.array(each, np.int64) for each in _encoded(generator, cut)]
    kept = [_middle_out(each, longest) for each in ids]
    lengths = [len(each) for each in kept]
    return Tokens(
        flat=np.concatenate([np.zeros(0, np.int64), *kept]),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        truncated=np.array(
            [
                len(text) > len(short) or len(whole) > len(rest)
                for text, short, whole, rest in zip(texts, cut, ids, kept, strict=True)
            ],
            np.bool_,
        ),
    )


def _middle_out(whole: Any, longest: int) -> Any:
    """Returns the beginning and the end of a text, or of an array of tokens."""
    if len(whole) <= longest:
        return whole
    head, tail = whole[: longest // 2], whole[len(whole) - (longest + 1) // 2 :]
    return head + tail if isinstance(whole, str) else np.concatenate([head, tail])


def _encoded(generator: Generator, texts: Sequence[str]) -> Iterable[list[int]]:
    # A template writes the special tokens itself.
    special = not generator.has_template
    # A tokenizer that closes a text would end the answer before it begins.
    end = None if generator.is_seq2seq else generator.end_token
    for ids in encoded(generator, texts, special=special):
        yield ids[:-1] if special and ids and ids[-1] == end else ids


def encoded(
    generator: Generator, texts: Sequence[str], *, special: bool
) -> Iterable[list[int]]:
    """Yields the tokens of each text, with or without what marks its two ends."""
    tokenizer = generator.tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for start in range(0, len(texts), _TOKENISED_AT_ONCE):
        chunk = list(texts[start : start + _TOKENISED_AT_ONCE])
        for each in tokenizer.encode_batch_fast(chunk, add_special_tokens=special):
            yield each.ids
