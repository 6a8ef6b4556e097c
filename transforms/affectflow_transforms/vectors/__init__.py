"""Vectors of one annotator, moved or rotated by another."""
