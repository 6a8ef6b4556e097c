"""What a voice does beside words: loudness, pitch, rate, pauses, quality."""
