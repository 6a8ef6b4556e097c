"""Recordings, decoded a block at a time: by soundfile, or else by PyAV."""

import importlib.util
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from affectflow.errors import MissingExtraError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.listing import open_binary
from affectflow_transforms.voice.headers import check_header, check_rate
from affectflow_transforms.voice.signals import Samples, resampled

BLOCK_S = 10
"""Seconds that are in memory at a time."""
ALONE = {"protocol_whitelist": "none"}
"""Of FFmpeg: a playlist may name other files, and pages of the web; none is opened."""
_MOST_SAMPLES = 1 << 23
"""At a time, of all channels."""
_GUESSED = ("MP3", "MPEG")
"""Formats whose length is a guess where they do not say it."""


def check_extra() -> None:
    """Raises MissingExtraError if nothing is installed that decodes recordings."""
    if not any(map(importlib.util.find_spec, ("soundfile", "av"))):
        raise MissingExtraError(
            "recordings are decoded by soundfile: pip install 'affectflow[audio]'"
        )


def decoded(uri: str) -> Iterator[Samples]:
    """Yields a recording as blocks of samples at `RATE`, all channels mixed to one.

    Full scale is 1. Blocks have about `BLOCK_S` seconds, the last one may be short.

    Args:
      uri: path or fsspec URL of WAV, FLAC, Ogg, MP3, or of what FFmpeg reads.

    Raises:
      UnmeasuredError: it is damaged, empty or truncated, or has no sound in it.
      StorageError: it cannot be opened.
    """
    with open_binary(uri) as file:
        check_header(file, uri)
        rate, blocks = _opened(file, uri)
        check_rate(rate, uri)
        yield from resampled(blocks, rate)


def _opened(file: BinaryIO, uri: str) -> tuple[int, Iterator[Samples]]:
    """Returns the rate of a recording, and its blocks."""
    if importlib.util.find_spec("soundfile"):
        import soundfile

        try:
            sound = soundfile.SoundFile(file)
        except soundfile.LibsndfileError:
            file.seek(0)
        else:
            return sound.samplerate, _of_soundfile(sound, uri)
    if importlib.util.find_spec("av"):
        return _by_pyav(file, uri)
    raise UnmeasuredError(
        "unknown_format", f"{uri!r} needs PyAV: pip install 'affectflow[ffmpeg]'"
    )


def _of_soundfile(sound: Any, uri: str) -> Iterator[Samples]:
    import soundfile

    read, rate = 0, sound.samplerate
    size = max(min(BLOCK_S * rate, _MOST_SAMPLES // sound.channels), 1)
    with sound:
        while True:
            try:
                block = sound.read(size, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError) as error:
                raise _damaged(uri, error) from error
            if not len(block):
                break
            read += len(block)
            yield _mixed(block.T, uri)
        # Of a stream it does not know how long it is.
        if read < sound.frames < 1 << 60 and sound.format not in _GUESSED:
            raise UnmeasuredError(
                "truncated_recording",
                f"{uri!r} ends after {read / rate:.1f} s: copy it anew",
            )


def _by_pyav(file: BinaryIO, uri: str) -> tuple[int, Iterator[Samples]]:
    import av

    try:
        container: Any = av.open(file, mode="r", options=ALONE)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise _damaged(uri, error) from error
    if not container.streams.audio:
        container.close()
        raise UnmeasuredError("no_audio", f"{uri!r} has pictures, and no sound")
    stream = container.streams.audio[0]
    # Of a codec that FFmpeg does not know there is no context, and no rate either.
    if stream.codec_context is None:
        container.close()
        raise UnmeasuredError("unknown_format", f"{uri!r} has sound of unknown kind")
    return stream.rate or 0, _of_pyav(container, stream, uri)


def _of_pyav(container: Any, stream: Any, uri: str) -> Iterator[Samples]:
    import av

    held: list[Samples] = []
    try:
        with container:
            planes = av.AudioResampler(format="fltp")
            for frame in container.decode(stream):
                for plane in planes.resample(frame):
                    channels = np.asarray(plane.to_ndarray(), np.float32)
                    held.append(_mixed(channels, uri))
                if sum(map(len, held)) >= BLOCK_S * stream.rate:
                    yield np.concatenate(held)
                    held = []
    except (av.FFmpegError, ValueError) as error:
        raise _damaged(uri, error) from error
    if held:
        yield np.concatenate(held)


def _mixed(channels: Samples, uri: str) -> Samples:
    """Returns the mean of channels, shape (channels, n)."""
    mono = channels.mean(axis=0, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise UnmeasuredError("damaged_recording", f"{uri!r} has samples of no number")
    return np.asarray(mono, np.float32)


def _damaged(uri: str, error: Exception) -> UnmeasuredError:
    why = " ".join(str(error).split())
    return UnmeasuredError("damaged_recording", f"cannot decode {uri!r}: {why}")
