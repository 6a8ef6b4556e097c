"""Asking people: samples, label sheets, and the way of answers into the lake."""
