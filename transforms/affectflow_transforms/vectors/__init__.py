"""Vectors of one annotator, moved and turned by another."""
