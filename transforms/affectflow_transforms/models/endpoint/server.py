"""The server that questions go to, and its key."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from affectflow.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where questions go.

    Args:
      url: the URL that requests are posted to.
      host: the host of the URL.
      model: its name in messages.
      is_local: whether it is this machine, so that no proxy is used.
      key_env: the environment variable that holds the key, if there is one.
      needs_key: whether the caller named the variable, so that the key is required.
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
          UsageError: a key is needed, but the environment has none.
        """
        key = os.environ.get(self.key_env, "") if self.key_env else ""
        if self.needs_key and not key:
            raise UsageError(
                f"the environment variable {self.key_env} is empty: put the key of "
                f"{self.host} into it, on every worker"
            )
        return key
