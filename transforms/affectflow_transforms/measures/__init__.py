"""Measures: what rows come to."""
