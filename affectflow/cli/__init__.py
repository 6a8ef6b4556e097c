"""The command line; the only code that prints.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 finished with
more dead letters than the budget allows, or with a truncated file; 2 usage error, with
one line that says how to fix it; 3 internal error; 130 and 143 ended by Ctrl-C or
SIGTERM.
"""

import atexit
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

from affectflow.errors import SaidOnceWarning, TerminatedError

OURS = 3
INTERRUPTED = 130
TERMINATED = 143
_GO_ON = "run the same command again to continue where it stopped"


def _terminated(number: int, frame: FrameType | None) -> None:
    signal.signal(
        signal.SIGTERM, signal.SIG_DFL
    )  # a second one ends the process at once
    raise TerminatedError("terminated")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its code.

    SIGTERM ends it like Ctrl-C, with code 143.
    """
    signal.signal(signal.SIGTERM, _terminated)
    code = run(sys.argv[1:] if arguments is None else arguments)
    # Thread pools of native libraries sometimes abort the process while the
    # interpreter shuts down (seen: "terminate called without an active exception",
    # code -6, after all work was done). So only the exit hooks run here.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs a command line and returns its exit code.

    Beam's options follow `--`.
    """
    import logging

    from affectflow import logs
    from affectflow.cli.app import app
    from affectflow.cli.state import STATE

    warnings.showwarning = _warn
    # Beam warns of optional libraries at every import, and logs the traceback of what
    # is said in one line below.
    logging.getLogger().setLevel(logging.CRITICAL)
    ours, beam_options = _split(list(arguments))
    STATE.beam_options = tuple(beam_options)
    STATE.debug = False
    STATE.spooled = ""
    try:
        logs.configure()
        result = app(ours or ["--help"], standalone_mode=False, prog_name="affectflow")
        if result == INTERRUPTED:  # Typer's code for Ctrl-C
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except KeyboardInterrupt:
        _say(f"interrupted; {_GO_ON}")
        return INTERRUPTED
    except TerminatedError:
        _say(f"terminated; {_GO_ON}")
        return TERMINATED
    except BrokenPipeError:
        return 0
    except Exception as error:
        if STATE.debug:
            raise
        return _explain(error)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _explain(error: Exception) -> int:
    """Prints one line about what went wrong, and returns the exit code."""
    import typer

    from affectflow.cli.wrong_values import in_plain_words
    from affectflow.errors import AffectflowError

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if plain := in_plain_words(error):
        _say(plain)
        return 2
    # Typer bundles click or uses the installed one: its errors have no single class.
    if hasattr(error, "format_message"):
        _say(f"{error.format_message()} (see: {_command_of(error)} --help)")
        return 2
    if isinstance(error, AffectflowError):
        _say(str(error))
        return error.exit_code
    line = " ".join(str(error).split())[:400]
    _say(f"internal error: {type(error).__name__}: {line}; --debug shows where")
    return OURS


def _command_of(error: Exception) -> str:
    """Returns the command whose help explains an error in its options."""
    context = getattr(error, "ctx", None)
    return str(getattr(context, "command_path", "affectflow"))


_show = warnings.showwarning


def _warn(message: Warning | str, *where: Any, **more: Any) -> None:
    """Prints affectflow's own warnings in one line, and others as Python does."""
    if isinstance(message, SaidOnceWarning):
        _say(str(message))
    else:
        _show(message, *where, **more)


def _say(line: str) -> None:
    from affectflow.cli.state import STATE

    one_line = " ".join(STATE.in_words(line).split())
    sys.stderr.write(f"affectflow: {one_line}\n")
