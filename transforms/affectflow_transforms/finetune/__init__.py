"""Encoders of the transformers library fitted to labels, ratings, votes or pairs."""
