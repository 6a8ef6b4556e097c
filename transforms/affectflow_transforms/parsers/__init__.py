"""Parsers: what an answer says. Total functions: none raises, all set a status."""
