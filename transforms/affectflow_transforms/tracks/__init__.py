"""Tracks: what instruments and raters say over time, and how it is put into words."""
