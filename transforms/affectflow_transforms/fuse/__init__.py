"""Vectors of several annotators, such as text and voice, fused into one label."""
