"""Miners: what caused an emotion, found in its conversation."""
