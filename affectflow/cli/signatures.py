"""Adds options that several commands share to a command's own."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Options = Mapping[str, tuple[Any, Any]]
"""By option: its annotation and its default."""


def with_options(
    run: Callable[..., int],
    command: Callable[..., int],
    options: Options,
    *,
    instead_of: str = "",
) -> Callable[..., int]:
    """Gives `run` the parameters of `command`, and the options; returns it.

    Args:
      run: the function that calls the command.
      command: the command whose parameters are copied.
      options: the options to add.
      instead_of: a parameter of the command that `run` fills itself; the options take
        its place, or come last if none is named.
    """
    own = list(inspect.signature(command).parameters.values())
    place = next((n for n, p in enumerate(own) if p.name == instead_of), len(own))
    kind = own.pop(place).kind if instead_of else inspect.Parameter.KEYWORD_ONLY
    own[place:place] = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]
    run.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    types = {name: annotation for name, (annotation, _) in options.items()}
    kept = {k: v for k, v in command.__annotations__.items() if k != instead_of}
    run.__annotations__ = {**kept, **types}
    return run
