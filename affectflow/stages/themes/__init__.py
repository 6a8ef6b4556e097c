"""The stage themes: all causes of a lake, grouped."""
