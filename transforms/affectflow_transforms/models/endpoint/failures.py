"""What a server may do instead of answering, and whether to ask it again."""

import math
import random
import time
from email.utils import parsedate_to_datetime

from affectflow.errors import RowError, StoppedError
from affectflow_transforms.models.endpoint.server import Server

GO_ON = "what it answered is kept: run the same command again to go on"
LONGEST_WAIT_S = 300.0
"""A server that asks for more patience than this ends the run: it can go on later."""
_FIRST_WAIT_S, _LAST_WAIT_S = 0.5, 30.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_BUSY = frozenset({429, 503, 529})
_CURES = {
    401: "put a valid key into the environment variable {key_env}, on every worker",
    402: "the account has no credit left: top it up; " + GO_ON,
    403: "the key in the environment variable {key_env} may not use model {model!r}: "
    "use another key, or another `name`",
    404: "check `url` ({url}) and the name of the model, `name` ({model!r})",
}


class UnansweredError(RowError):
    """One question got no answer that can be used."""


class RefusedError(UnansweredError):
    """The server does not take this request, now or later."""


class AgainError(UnansweredError):
    """This time there was no answer: the same question may be answered later.

    Attributes:
      wait_s: seconds that the server asks to be left alone.
      ends: why the run ends if it stays so; empty if only this question does.
    """

    wait_s = 0.0
    ends = ""


def again(why: str, *, wait_s: float = 0.0, ends: str = "") -> AgainError:
    """Returns why there was no answer this time."""
    error = AgainError(why)
    error.wait_s, error.ends = wait_s, ends
    return error


def refused(status: int, said: str, header: str | None, server: Server) -> Exception:
    """Returns what it means that a server answers with a status other than 200.

    Args:
      status: of HTTP.
      said: by the server, as one line.
      header: its `Retry-After`.
      server: that was asked.
    """
    host = server.host
    if status in _CURES:
        cure = _CURES[status].format_map(vars(server))
        return StoppedError(f"{host} answers {status} ({said}): {cure}")
    if status not in _AGAIN:
        return RefusedError(f"{host} refuses the question with {status}: {said}")
    wait = retry_after(header)
    if wait > LONGEST_WAIT_S:
        return StoppedError(
            f"{host} asks not to be asked again for {wait:,.0f} seconds; {GO_ON}"
        )
    ends = f"is still busy ({status})" if status in _BUSY else ""
    return again(f"{status}, {said}", wait_s=wait, ends=ends)


def given_up(error: AgainError, tries: int, host: str) -> Exception:
    """Returns what a question comes to that was asked so many times in vain."""
    if error.ends:
        return StoppedError(f"{host} {error.ends} after {tries} tries; {GO_ON}")
    return UnansweredError(f"{host} gave no answer in {tries} tries: {error}")


def one_line(text: str, key: str = "") -> str:
    """Returns what a server said as one short line, without the key."""
    return " ".join(without(text, key).split())[:200] or "nothing"


def without(text: str, key: str) -> str:
    """Returns a text in which the key does not stand: some servers say it back."""
    return text.replace(key, "[KEY]") if key else text


def backoff(tries: int) -> float:
    """Returns seconds to wait after so many tries: by chance, so that none collide."""
    most = min(_LAST_WAIT_S, _FIRST_WAIT_S * 2 ** (tries - 1))
    return random.uniform(most / 2, most)


def retry_after(header: str | None) -> float:
    """Returns the seconds that `Retry-After` asks for; 0 if it says nothing.

    It is a number of seconds, or a date of HTTP.
    """
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        seconds = _until(header)
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return 0.0
