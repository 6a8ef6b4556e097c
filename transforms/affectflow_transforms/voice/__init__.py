"""What a voice does besides words: loudness, pitch, rate, pauses, quality."""
