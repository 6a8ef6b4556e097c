"""Cues of text: puts what is said without words into words."""
