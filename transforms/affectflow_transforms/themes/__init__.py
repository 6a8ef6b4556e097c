"""Themes: causes in groups that a person can name."""
