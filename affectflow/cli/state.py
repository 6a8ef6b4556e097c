"""What the whole command line shares: Beam's options behind `--`, `--debug`, stdin."""

from dataclasses import dataclass


@dataclass
class State:
    """Settings of one command line."""

    beam_options: tuple[str, ...] = ()
    debug: bool = False
    spooled: str = ""
    """The file that holds standard input, if that is read; nobody typed its name."""

    def in_words(self, line: str) -> str:
        """Returns a line that says `standard input` for the file that holds it."""
        if not self.spooled:
            return line
        for name in (repr(self.spooled), self.spooled):
            line = line.replace(name, "standard input")
        return line


STATE = State()
