"""Annotators against what people decided, in figures and in words."""
