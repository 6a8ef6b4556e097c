"""What a voice conveys besides words: loudness, pitch, rate, pauses, quality."""
