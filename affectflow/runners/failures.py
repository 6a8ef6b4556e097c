"""What a runner raised, as the one line that the user can act on."""

import re

from affectflow import errors

_WHILE_RUNNING = re.compile(r"\s*\[while running '.*?'\]", re.DOTALL)
_RAISED = re.compile(r"^affectflow\.(?:[\w.]+\.)?(\w+Error): (.*)$", re.MULTILINE)


def cause_of(error: BaseException) -> BaseException:
    """Returns the error of ours behind what a runner raised, else `error`.

    A runner raises an error again with the step's name in its message, or, from
    another process, as text; both are undone.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, errors.AffectflowError):
            return type(seen)(_WHILE_RUNNING.sub("", str(seen)))
        seen = seen.__cause__ or seen.__context__
    return _from_text(str(error)) or error


def _from_text(text: str) -> BaseException | None:
    raised = _RAISED.findall(text)
    if not raised:
        return None
    name, message = raised[-1]
    kind = getattr(errors, name, errors.AffectflowError)
    found: BaseException = kind(_WHILE_RUNNING.sub("", message))
    return found
