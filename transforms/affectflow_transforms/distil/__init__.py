"""Distil: a small model that answers as an annotator of a lake does."""
