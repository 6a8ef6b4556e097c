"""Electroencephalograms: windows of recordings, and a small network over them."""
