"""The server that questions go to, and its key."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from affectflow.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where questions go.

    Args:
      url: that requests are posted to.
      host: of the URL.
      model: its name, as messages give it.
      is_local: it is this machine: no proxy is asked.
      key_env: the environment variable that holds the key, if there is one.
      needs_key: the caller named the variable: without it nothing is asked.
      timeout_s: seconds that one answer may take.
    """

    url: str
    host: str
    model: str = ""
    is_local: bool = False
    key_env: str = ""
    needs_key: bool = False
    timeout_s: float = 60.0

    @property
    def at(self) -> str:
        """Host and port, as messages name the server."""
        parts = urlsplit(self.url)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    def key(self) -> str:
        """Returns the key, which never leaves this process but in a header.

        Raises:
          UsageError: the environment has none, and one is needed.
        """
        key = os.environ.get(self.key_env, "") if self.key_env else ""
        if self.needs_key and not key:
            raise UsageError(
                f"the environment variable {self.key_env} is empty: put the key of "
                f"{self.host} into it, on every worker"
            )
        return key
