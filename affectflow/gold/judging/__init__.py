"""Compares annotators with what people decided, in figures and in words."""
