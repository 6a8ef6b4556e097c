"""What the whole command line shares: Beam's options behind `--`, and `--debug`."""

from dataclasses import dataclass


@dataclass
class State:
    """Settings of one command line."""

    beam_options: tuple[str, ...] = ()
    debug: bool = False


STATE = State()
