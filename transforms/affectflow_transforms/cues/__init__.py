"""Cues of text: what is said without words, written out in words."""
