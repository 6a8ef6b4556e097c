"""A lake, live: its report, themes, threads, search and SQL on loopback, only read.

The pages are the owner's: they show everything that the lake holds.
"""

from affectflow.serving.listening import DEFAULT_PORT, listen, serve

__all__ = ["DEFAULT_PORT", "listen", "serve"]
