"""How many buckets a new lake gets: they are fixed for its life."""

BUCKET_BYTES = 256 << 20
LEAST, MOST = 16, 65_536


def buckets_for(bytes_of_input: int) -> int:
    """Returns how many buckets hold an input at 256 MB a bucket: a power of two.

    One bucket is merged and sorted by one worker, in memory; ingest holds a few copies
    of its text. More buckets than the input needs make small parts.

    Args:
      bytes_of_input: decompressed, about; of the first ingest, which should be the
        largest. 0 if nobody knows.

    Returns:
      16 to 65,536.

    Raises:
      ValueError: the size is negative.
    """
    if bytes_of_input < 0:
        raise ValueError(f"a size is 0 or more, not {bytes_of_input}")
    wanted = -(-bytes_of_input // BUCKET_BYTES)
    return min(MOST, max(LEAST, 1 << max(0, wanted - 1).bit_length()))
