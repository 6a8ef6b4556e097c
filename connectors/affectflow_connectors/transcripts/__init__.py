"""Transcripts of recordings: captions, subtitles and Praat's text grids."""
