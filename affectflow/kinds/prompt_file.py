"""Prompts as TOML files; `docs/prompts.md` lists what they may contain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from affectflow.data_tables import (
    FLAG,
    NUMBER,
    TABLE,
    TABLES,
    TEXT,
    WORDS,
    Kind,
    checked,
    file_of,
    frozen,
)
from affectflow.kinds.prompt import Prompt, PromptError, Step

PromptT = TypeVar("PromptT", bound=Prompt)
PROMPT: Mapping[str, Kind] = MappingProxyType(
    {
        "summary": TEXT,
        "version": TEXT,
        "task": TEXT,
        "source": TEXT,
        "licence": TEXT,
        "system": TEXT,
        "unit": TEXT,
        "history": NUMBER,
        "roles": WORDS,
        "over": TEXT,
        "fence": FLAG,
        "guard": TEXT,
        "perspective": TEXT,
        "steps": TABLES,
    }
)
STEP: Mapping[str, Kind] = MappingProxyType(
    {
        "name": TEXT,
        "text": TEXT,
        "parser": TEXT,
        "labels": WORDS,
        "vocabulary": TEXT,
        "options": TABLE,
        "among": TEXT,
        "otherwise": TEXT,
        "when": TEXT,
        "max_new_tokens": NUMBER,
        "task": TEXT,
    }
)


def read(cls: type[PromptT], name_or_path: str) -> PromptT:
    """Returns a prompt by name or from a file.

    Raises:
      UsageError: it does not exist, or it cannot be asked; the message names the line.
    """
    file = file_of("prompts", name_or_path)
    said = checked(file, file.table(), PROMPT, ("task", "steps"))
    needed = ("name", "text", "parser")
    tables = [checked(file, each, STEP, needed) for each in said["steps"]]
    try:
        steps = tuple(Step(**frozen(each)) for each in tables)
        return cls(name=file.name, **{**frozen(said), "steps": steps})
    except PromptError as error:
        spelt = error.word in file.text()
        line = file.line_of(error.word, nth=error.nth) if spelt else 0
        raise file.fault(str(error), line) from error
