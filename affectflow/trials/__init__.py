"""Trials of plugins on data with known answers: `affectflow eval causes`."""
