"""Tests; a package, because some distributions install one of this name."""
