"""The options of every command that reads files."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from affectflow.cli.options import IncludePrivate, KeepDeleted, Map, Records, Source
from affectflow.cli.signatures import Options, with_options

OPTIONS: Options = {
    "source": (Source, "auto"),
    "mapping": (Map, None),
    "records": (Records, ""),
    "include_private": (IncludePrivate, False),
    "keep_deleted": (KeepDeleted, False),
}


class Reading(NamedTuple):
    """The options about how files are read, except `--set`."""

    source: str
    mapping: Sequence[str] | None
    records: str
    include_private: bool
    keep_deleted: bool

    def plugin(self, paths: Sequence[str]) -> Any:
        """Returns the class of the source, named or recognised.

        Raises:
          UsageError: no source has that name, or none is recognised.
        """
        from affectflow.cli.sources import plugin_for

        return plugin_for(paths, self.source)

    def made(self, plugin: Any, paths: Sequence[str], options: dict[str, str]) -> Any:
        """Returns the source that reads `paths`.

        Raises:
          UsageError: the source refuses an option.
        """
        from affectflow.cli.sources import made_with

        asked = {
            "include_private": self.include_private,
            "keep_deleted": self.keep_deleted,
        }
        return made_with(
            plugin,
            paths,
            self.mapping or (),
            options,
            records=self.records,
            asked=asked,
        )


def reads_files(command: Callable[..., int]) -> Callable[..., int]:
    """Returns a command that takes these options and receives them as `read`."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> int:
        said = {n: options.pop(n, default) for n, (_, default) in OPTIONS.items()}
        return command(*arguments, read=Reading(**said), **options)

    return with_options(run, command, OPTIONS, instead_of="read")
