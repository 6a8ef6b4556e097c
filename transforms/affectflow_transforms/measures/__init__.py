"""Measures: statistics fitted to rows."""
