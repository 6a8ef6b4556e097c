"""What the whole command line shares: Beam's options after `--`, `--debug`, stdin."""

from dataclasses import dataclass


@dataclass
class State:
    """Settings of one command line."""

    beam_options: tuple[str, ...] = ()
    debug: bool = False
    spooled: str = ""
    """The file that holds standard input, if it is read; its name was never typed."""

    def in_words(self, line: str) -> str:
        """Returns the line with `standard input` in place of the file that holds it."""
        if not self.spooled:
            return line
        for name in (repr(self.spooled), self.spooled):
            line = line.replace(name, "standard input")
        return line


STATE = State()
