"""Parsers: what a model's answer says. Total functions: none raises, all set a status."""
