"""Models that label utterances."""
