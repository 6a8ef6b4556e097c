"""What can go wrong, and who can fix it.

Every error carries one line that names the cure and takes one string, so that it
survives the way from a worker to the person who reads it.
"""

from typing import ClassVar


class AffectflowError(Exception):
    """The root of all errors of ours; the message is one line with the cure."""

    exit_code: ClassVar[int] = 3


class UsageError(AffectflowError, ValueError):
    """The caller's mistake: a path, an option, a name. Mended by the caller."""

    exit_code = 2


class UnknownPluginError(UsageError, LookupError):
    """No plugin has this name, or two have it."""


class PluginImportError(UsageError):
    """A plugin is installed, but does not import or lacks the base of its kind."""


class MissingExtraError(UsageError):
    """A library is missing; the message names the extra to install."""


class MissingColumnError(UsageError, TypeError):
    """A step requires a column that no earlier step provides."""


class LakeError(UsageError):
    """A folder is not a lake, or not one that this key or version may touch."""


class StorageError(UsageError, OSError):
    """The disk or the object store refused: full, read-only, unreachable."""


class WorkerDiedError(UsageError):
    """A worker process of this machine died without a word: memory, most often."""


class StoppedError(UsageError):
    """A model cannot be asked any longer; in a lake, its answers are kept."""


class OverBudgetError(AffectflowError):
    """The work is done, but more rows were refused than the budget allows."""

    exit_code = 1


class RowError(AffectflowError):
    """One row cannot be processed; it becomes a dead letter with this message."""


class TerminatedError(BaseException):
    """SIGTERM came. As KeyboardInterrupt no `Exception`: nobody goes on after it."""


class SaidOnceWarning(UserWarning):
    """What is done otherwise than one may expect; one line, said once a process."""


class LeftOutWarning(SaidOnceWarning):
    """What another distribution brings is left out; says why, and the cure."""
