"""Wheels of emotion words, and how sets of free labels are compared by them."""
