"""Asking people: samples, label sheets, and the import of answers."""
