"""Who answered: an annotator's id ends in the digest of the options that it was given.

The core appends it, so that a plugin that forgets an option cannot put two options'
answers under one id.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from affectflow import options


def identify(plugin_class: Any) -> None:
    """Lets what a class's own `annotator` returns name the options of the instance.

    `annotator_id` ends in `+` and 8 hexadecimal digits of BLAKE2b of the options, and
    `parameters` holds them, unless the class fills it. A plugin without options keeps
    its id as it is.

    Args:
      plugin_class: its `not_in_id` names the options that decide no answer: where
        weights lie whose revision is in the id, how many rows run at once, a device.
    """
    own: Callable[[Any], dict[str, Any]] | None = vars(plugin_class).get("annotator")
    if own is None or getattr(own, "__isabstractmethod__", False):
        return

    @functools.wraps(own)
    def annotator(self: Any) -> dict[str, Any]:
        return _named(own(self), options_of(self))

    plugin_class.annotator = annotator


def bare_id(plugin: Any) -> str:
    """Returns the `annotator_id` that a plugin's class gives, without its options."""
    own = type(plugin).annotator
    return str(getattr(own, "__wrapped__", own)(plugin)["annotator_id"])


def _named(row: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        return row
    said = as_json(given)
    end = "+" + hashlib.blake2b(said.encode(), digest_size=4).hexdigest()
    # A class that starts from its parent's row has the end already.
    name = str(row["annotator_id"]).removesuffix(end) + end
    return {"parameters": said, **row, "annotator_id": name}


def options_of(plugin: Any) -> dict[str, Any]:
    """Returns the options that decide a plugin's answers: all but `not_in_id`."""
    names = options.names_of(type(plugin))
    return {
        name: getattr(plugin, name) for name in names if name not in plugin.not_in_id
    }


def as_json(given: Mapping[str, Any]) -> str:
    """Returns options as JSON with sorted keys."""
    return json.dumps(given, sort_keys=True, ensure_ascii=False, default=str)
