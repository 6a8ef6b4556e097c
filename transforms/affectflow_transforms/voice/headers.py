"""Headers of WAV files, which may contradict themselves or the file."""

import struct
from typing import BinaryIO

from affectflow.kinds.renderer import UnmeasuredError

_LINEAR = (1, 3)
"""PCM and floats: of these a second takes as many bytes as its samples."""
_STREAMED = 0x7FFF_0000
"""From here on a size says that it was not known when the header was written."""
_RATES = range(4_000, 384_001)
"""Samples per second at which speech can be heard, and which recorders use."""


def check_header(file: BinaryIO, uri: str) -> None:
    """Reads the header of a WAV file; others pass. The file is at its start again.

    Raises:
      UnmeasuredError: `empty_recording`, `wrong_rate` (it does not fit the bytes of a
        second and of a sample), or `truncated_recording`.
    """
    head = file.read(12)
    if not head:
        raise UnmeasuredError("empty_recording", f"{uri!r} is empty")
    if len(head) == 12 and head[:4] == b"RIFF" and head[8:] == b"WAVE":
        _check_chunks(file, uri)
    file.seek(0)


def _check_chunks(file: BinaryIO, uri: str) -> None:
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            _check_length(file, size, uri)
            return
        if name == b"fmt ":
            _check_bytes(file.read(16), uri)
            size -= 16
        file.seek(size + size % 2, 1)


def _check_length(file: BinaryIO, size: int, uri: str) -> None:
    start = file.tell()
    there = file.seek(0, 2) - start
    if there < size < _STREAMED:
        raise UnmeasuredError(
            "truncated_recording",
            f"{uri!r} ends after {there} of {size} bytes: copy it again",
        )


def _check_bytes(body: bytes, uri: str) -> None:
    if len(body) < 16:
        return
    code, _, rate, a_second, a_sample = struct.unpack("<HHIIH", body[:14])
    if code in _LINEAR and a_second != rate * a_sample:
        raise _wrong(rate, uri)


def check_rate(rate: int, uri: str) -> None:
    """Raises UnmeasuredError, `wrong_rate`, if no recorder uses this rate.

    Args:
      rate: samples a second, as a header says.
      uri: of the recording.
    """
    if rate not in _RATES:
        raise _wrong(rate, uri)


def _wrong(rate: int, uri: str) -> UnmeasuredError:
    said = f"a wrong sampling rate in its header: {rate} samples per second"
    return UnmeasuredError("wrong_rate", f"{uri!r} has {said}")
