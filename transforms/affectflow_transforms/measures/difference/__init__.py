"""Differences between groups: level or rate, tested over recordings."""
