"""What the step of a model asks of the machine that it runs on."""

import re

from affectflow.errors import UsageError

_ACCELERATOR = re.compile(r"type:[\w-]+;count:[1-9]\d*(;[\w.:-]+)*")


def model_hints(accelerator: str = "", min_ram: str = "") -> dict[str, str]:
    """Returns Beam's resource hints for the step of a model; none if nothing is asked.

    Dataflow gives the step workers of its own; other engines ignore hints.

    Args:
      accelerator: as `type:nvidia-l4;count:1;install-nvidia-driver`.
      min_ram: of a worker, a number and a unit, as `30GB`.

    Raises:
      UsageError: a hint is malformed; shows one that is not.
    """
    from apache_beam.transforms.resources import parse_resource_hints

    if accelerator and not _ACCELERATOR.fullmatch(accelerator):
        raise UsageError(
            f"--accelerator is as `type:nvidia-l4;count:1;install-nvidia-driver` (in "
            f"quotes), not {accelerator!r}"
        )
    hints = {"accelerator": accelerator, "min_ram": min_ram}
    hints = {name: value for name, value in hints.items() if value}
    try:
        parse_resource_hints(hints)
    except ValueError as error:
        raise UsageError(
            f"--min-ram is a number and a unit, as `30GB`, not {min_ram!r}"
        ) from error
    return hints
