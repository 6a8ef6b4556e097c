"""Emotions of utterances, by a model that comes with the package."""
