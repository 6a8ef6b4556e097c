"""Keeping a lake in order: compact and gc, and what hangs on parts that are merged."""
