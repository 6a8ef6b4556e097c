"""What a user says of a head: the options of `Finetune` that decide what it learns."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a user says of a head; the options of `Finetune`."""

    head: str
    objective: str = ""
    text: str = "text"
    second: str = "second"
    label: str = ""
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = ""
    scale: tuple[float, float] | None = None
    rasch: str = ""
    cues: str = ""
