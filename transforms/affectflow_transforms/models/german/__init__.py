"""Emotions of German utterances, by a model that comes with the package."""
