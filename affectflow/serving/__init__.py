"""A live, read-only lake on loopback: its report, themes, threads, search and SQL.

The pages are for the owner: they show everything in the lake.
"""

from affectflow.serving.listening import DEFAULT_PORT, listen, serve

__all__ = ["DEFAULT_PORT", "listen", "serve"]
