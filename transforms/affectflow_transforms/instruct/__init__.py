"""Instruct: a language model that learns to answer a prompt."""
