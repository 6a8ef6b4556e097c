"""Stimuli: sentences that are put around the questions of any prompt.

A pack is a TOML file of the kind `stimuli`: one text for each id. The result is a
  prompt like any other, whose digest covers what was put around it.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from affectflow.data import DataFile
from affectflow.data_tables import TEXT, Kind, checked, file_of, table_of
from affectflow.errors import UsageError
from affectflow.kinds.prompt import Prompt, Step
from affectflow.kinds.step import as_text
from affectflow.registry import nearest

_NONE = "0"
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("summary", "version", "source", "licence"), TEXT),
        "placement": ("before or after", lambda value: value in ("before", "after")),
        "separator": ("a text", lambda value: isinstance(value, str)),
        "texts": ("a table of texts", table_of(TEXT)),
    }
)


def around(prompt: Prompt, stimulus: str) -> Prompt:
    """Returns a prompt with a stimulus around each of its questions.

    Args:
      prompt: any.
      stimulus: `PACK:ID` or `FILE.toml:ID`; several ids with a plus, in their order;
        the id 0 changes nothing.

    Raises:
      UsageError: there is no such pack or id.
    """
    pack, colon, ids = stimulus.rpartition(":")
    if not colon or not ids:
        raise UsageError(
            f"`stimulus` must be PACK:ID or FILE.toml:ID, such as positive:EP02, got "
            f"{stimulus!r}"
        )
    file, said = pack_of(pack)
    if ids == _NONE:
        return prompt
    texts = [_text_of(said["texts"], each, stimulus) for each in ids.split("+")]
    steps = tuple(_with(step, said, texts) for step in prompt.steps)
    return replace(prompt, steps=steps, stimulus=f"{file.name}:{ids}")


def pack_of(name_or_path: str) -> tuple[DataFile, dict[str, Any]]:
    """Returns the pack of a name, or of a file that ends in `.toml`, and what it says.

    Raises:
      UsageError: it does not exist, or something is wrong with it; names the line.
    """
    file = file_of("stimuli", name_or_path)
    return file, checked(file, file.table(), _KEYS, ("texts",))


def _text_of(texts: Mapping[str, str], name: str, stimulus: str) -> str:
    if name not in texts:
        hint = nearest(name, texts)
        raise UsageError(f"no stimulus {name!r} in {stimulus!r}; {hint}")
    return as_text(texts[name])


def _with(step: Step, said: Mapping[str, Any], texts: list[str]) -> Step:
    pieces = [step.text, *texts]
    if said.get("placement") == "before":
        pieces = [*texts, step.text]
    return replace(step, text=said.get("separator", " ").join(pieces))
