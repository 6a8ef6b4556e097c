"""What a server may do instead of answering, and whether to ask it again."""

import math
import random
import time
from email.utils import parsedate_to_datetime

from affectflow.errors import RowError, StoppedError
from affectflow.nouns import count
from affectflow_transforms.models.endpoint.server import Server

LONGEST_WAIT_S = 300.0
"""A server that asks for a longer pause ends the run, which can continue later."""
_FIRST_WAIT_S, _LAST_WAIT_S = 0.5, 30.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_BUSY = frozenset({429, 503, 529})
_LATER = frozenset({402})
"""Of these, the run can go on once that is done; the others change what is asked."""
_CURES = {
    401: "put a valid key into the environment variable {key_env}, on every worker",
    402: "the account has no credit left: top it up",
    403: "the key in the environment variable {key_env} may not use model {model!r}: "
    "use another key, or another `name`",
    404: "check `url` ({url}) and the name of the model, `name` ({model!r})",
}


class PausedError(StoppedError):
    """The run ends, and can continue later."""


class UnansweredError(RowError):
    """One question got no usable answer."""


class RefusedError(UnansweredError):
    """The server does not take this request, now or later."""


class AgainError(UnansweredError):
    """This time there was no answer: the same question may be answered later.

    Attributes:
      wait_s: the pause that the server asks for, in seconds.
      ends: why the run ends if this persists; empty if it affects only this question.
      cure: how to fix that.
      is_away: not even a connection was established.
    """

    wait_s = 0.0
    ends = ""
    cure = ""
    is_away = False


def again(why: str, *, wait_s: float = 0.0, ends: str = "") -> AgainError:
    """Returns why there was no answer this time."""
    error = AgainError(why)
    error.wait_s, error.ends = wait_s, ends
    return error


def refused(status: int, said: str, header: str | None, server: Server) -> Exception:
    """Returns the meaning of a status other than 200 from a server.

    Args:
      status: the HTTP status.
      said: the server's message, as one line.
      header: the value of `Retry-After`.
      server: the server that was asked.
    """
    if status in _CURES:
        cure = _CURES[status].format_map(vars(server))
        kind = PausedError if status in _LATER else StoppedError
        return kind(f"{server.at} answered {status} ({said}): {cure}")
    if status not in _AGAIN:
        return RefusedError(f"{server.at} refused the question with {status}: {said}")
    wait = retry_after(header)
    if wait > LONGEST_WAIT_S:
        return PausedError(f"{server.at} asks for a pause of {wait:,.0f} seconds")
    ends = f"is still busy ({status})" if status in _BUSY else ""
    return again(f"{status}, {said}", wait_s=wait, ends=ends)


def away(why: str) -> AgainError:
    """Returns the error of a failed connection."""
    error = again(why, ends=f"cannot be reached ({why})")
    error.is_away, error.cure = True, ": start the server, or check the URL"
    return error


def given_up(error: AgainError, tries: int, at: str) -> Exception:
    """Returns the outcome of a question that got no answer in several tries."""
    in_vain = count(tries, "try", "tries")
    if error.ends:
        return PausedError(f"{at} {error.ends} after {in_vain}{error.cure}")
    return UnansweredError(f"{at} gave no answer in {in_vain}: {error}")


def go_on(answers: int, *, is_kept: bool) -> str:
    """Returns what is kept of a run that ends, and how to continue it."""
    if not answers:
        return (
            "no question was answered in this run, so nothing new is kept: run the "
            "same command again"
        )
    came = count(answers, "answer")
    if not is_kept:
        return f"{came} received, and lost: only a lake keeps answers"
    return f"{came} received and kept: run the same command again to continue"


def one_line(text: str, key: str = "") -> str:
    """Returns what a server said as one short line, without the key."""
    return " ".join(without(text, key).split())[:200] or "nothing"


def without(text: str, key: str) -> str:
    """Returns a text without the key: some servers echo it."""
    return text.replace(key, "[KEY]") if key else text


def backoff(tries: int) -> float:
    """Returns seconds to wait after some tries: random, so that none collide."""
    most = min(_LAST_WAIT_S, _FIRST_WAIT_S * 2 ** (tries - 1))
    return random.uniform(most / 2, most)


def retry_after(header: str | None) -> float:
    """Returns the seconds that `Retry-After` asks for; 0 if it says nothing.

    The header is a number of seconds, or an HTTP date.
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
