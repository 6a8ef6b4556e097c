"""Sequences: recurrent networks over windows of what instruments measure."""
