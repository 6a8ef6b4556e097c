"""Compact: many small parts become few, and no answer changes, killed or not."""
