"""Upkeep of a lake: compact, gc and erase, and results that depend on merged parts."""
