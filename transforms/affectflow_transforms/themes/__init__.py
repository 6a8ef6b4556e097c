"""Themes: groups of causes that a person can name."""
