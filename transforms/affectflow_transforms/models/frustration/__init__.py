"""Frustration of authors: their own displeasure at a blocked or delayed goal."""
