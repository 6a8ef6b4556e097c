"""Text: normalised, in languages, in segments."""
