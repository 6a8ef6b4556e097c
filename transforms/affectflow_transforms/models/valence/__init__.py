"""Valence of utterances, and with weights of your own arousal and dominance."""
