"""Faces: tables of what instruments see in them, put into words."""
