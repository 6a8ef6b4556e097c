"""Models of a hub that are known: what each answers, under which licence, how well.

They are data, found through `affectflow.data`: naming one here downloads nothing. What
a figure says holds for its own test, and for no other texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from affectflow import data
from affectflow.data_tables import FLAG, TEXT, WORDS, Kind, checked, frozen
from affectflow.people import TOUCHES

KIND = "hub"


@dataclass(frozen=True, kw_only=True)
class HubModel:
    """A model of a hub.

    Args:
      model: its id there, as `annotate --model` takes it.
      summary: one line.
      task: what it answers.
      vocabulary: its label set; a name of its own if no file of ours has it.
      size: how many parameters, or the architecture.
      languages: that it was made for, as BCP 47 tags, or `many` with a number.
      licence: of the weights.
      commercial_use: the licence allows it; false where there is no licence.
      figure: what its makers measured, and on what; empty if no source was found.
      source: where that figure stands.
      touches: of people, as on a plugin's card.
      note: what else there is to know.
    """

    model: str
    summary: str
    task: str
    vocabulary: str
    size: str
    languages: tuple[str, ...]
    licence: str
    commercial_use: bool
    figure: str = ""
    source: str = ""
    touches: tuple[str, ...] = ()
    note: str = ""


def get(name: str) -> HubModel:
    """Returns the model that a file of the kind `hub` describes.

    Raises:
      UsageError: no file has the name, or something is wrong with it; names the line.
    """
    file = data.find(KIND, name)
    said = checked(file, file.table(), _KEYS, _NEEDED)
    if bool(said.get("figure")) != bool(said.get("source")):
        raise file.fault("`figure` and `source` go together", file.line_of("figure"))
    return HubModel(**frozen(said))


def _are_touches(value: Any) -> bool:
    return WORDS[1](value) and set(value) <= set(TOUCHES)


_NEEDED = (
    *("model", "summary", "task", "vocabulary", "size", "languages"),
    *("licence", "commercial_use"),
)
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        **{name: TEXT for name in HubModel.__dataclass_fields__},
        "languages": WORDS,
        "commercial_use": FLAG,
        "touches": (f"a list of {', '.join(TOUCHES)}", _are_touches),
    }
)
