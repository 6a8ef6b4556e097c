"""What words mean, as vectors: known also of words that no label was seen with."""
