"""Miners: find what caused an emotion in its conversation."""
