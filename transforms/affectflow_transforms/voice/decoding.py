"""Recordings, decoded a block at a time: by soundfile, or else by PyAV."""

import importlib.util
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from affectflow.errors import MissingExtraError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.listing import open_binary
from affectflow_transforms.voice.headers import check_header, check_rate
from affectflow_transforms.voice.signals import Samples, resampled

BLOCK_S = 10
"""Seconds that are in memory at a time."""
ALONE = {"protocol_whitelist": "none"}
"""Option for FFmpeg: playlists may name other files and web pages; none is opened."""
_MOST_SAMPLES = 1 << 23
"""At a time, of all channels."""
_GUESSED = ("MP3", "MPEG")
"""Formats whose length is a guess where they do not say it."""


def check_extra() -> None:
    """Raises MissingExtraError if nothing is installed that decodes recordings."""
    if not any(map(importlib.util.find_spec, ("soundfile", "av"))):
        raise MissingExtraError(
            "decoding recordings needs soundfile: pip install 'affectflow[audio]'"
        )


class _Opened(NamedTuple):
    """A recording.

    Attributes:
      rate: samples a second.
      channels: how many there are.
      blocks: shape (channels, n) each.
    """

    rate: int
    channels: int
    blocks: Iterator[Samples]


def decoded(uri: str, channel: int | None = None) -> Iterator[Samples]:
    """Yields a recording as blocks of samples at `RATE`, of shape (n,).

    Full scale is 1. Blocks have about `BLOCK_S` seconds, the last one may be short.

    Args:
      uri: path or fsspec URL of WAV, FLAC, Ogg, MP3, or of what FFmpeg reads.
      channel: which one, from 0; None for the mean of all.

    Raises:
      UnmeasuredError: it is damaged, empty or truncated, or has no sound in it.
      StorageError: it cannot be opened.
    """
    with open_binary(uri) as file:
        check_header(file, uri)
        opened = _opened(file, uri)
        check_rate(opened.rate, uri)
        yield from resampled(_one(opened.blocks, channel, uri), opened.rate)


def channels_of(uri: str) -> int:
    """Returns how many channels a recording has.

    Raises:
      UnmeasuredError, StorageError: as `decoded`.
    """
    with open_binary(uri) as file:
        check_header(file, uri)
        return _opened(file, uri).channels


def _opened(file: BinaryIO, uri: str) -> _Opened:
    if importlib.util.find_spec("soundfile"):
        import soundfile

        try:
            sound = soundfile.SoundFile(file)
        except soundfile.LibsndfileError:
            file.seek(0)
        else:
            blocks = _of_soundfile(sound, uri)
            return _Opened(sound.samplerate, sound.channels, blocks)
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
            yield block.T
        # Of a stream it does not know how long it is.
        if read < sound.frames < 1 << 60 and sound.format not in _GUESSED:
            raise UnmeasuredError(
                "truncated_recording",
                f"{uri!r} ends after {read / rate:.1f} s: copy it again",
            )


def _by_pyav(file: BinaryIO, uri: str) -> _Opened:
    import av

    try:
        container: Any = av.open(file, mode="r", options=ALONE)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise _damaged(uri, error) from error
    if not container.streams.audio:
        container.close()
        raise UnmeasuredError("no_audio", f"{uri!r} has pictures but no sound")
    stream = container.streams.audio[0]
    # Of a codec that FFmpeg does not know there is no context, and no rate either.
    if stream.codec_context is None:
        container.close()
        raise UnmeasuredError(
            "unknown_format", f"{uri!r} has sound in an unknown format"
        )
    channels = stream.codec_context.layout.nb_channels
    return _Opened(stream.rate or 0, channels, _of_pyav(container, stream, uri))


def _of_pyav(container: Any, stream: Any, uri: str) -> Iterator[Samples]:
    import av

    held: list[Samples] = []
    try:
        with container:
            planes = av.AudioResampler(format="fltp")
            for frame in container.decode(stream):
                for plane in planes.resample(frame):
                    held.append(np.asarray(plane.to_ndarray(), np.float32))
                if sum(part.shape[1] for part in held) >= BLOCK_S * stream.rate:
                    yield np.concatenate(held, axis=1)
                    held = []
    except (av.FFmpegError, ValueError) as error:
        raise _damaged(uri, error) from error
    if held:
        yield np.concatenate(held, axis=1)


def _one(blocks: Iterable[Samples], channel: int | None, uri: str) -> Iterator[Samples]:
    """Yields one channel, or the mean of all."""
    for block in blocks:
        mono = block.mean(axis=0) if channel is None else block[channel]
        if not np.isfinite(mono).all():
            raise UnmeasuredError(
                "damaged_recording", f"{uri!r} has samples that are not finite numbers"
            )
        yield np.ascontiguousarray(mono, np.float32)


def _damaged(uri: str, error: Exception) -> UnmeasuredError:
    # FFmpeg's own text has a number in front, and the name of the file once more.
    said = getattr(error, "strerror", None) or str(error)
    why = " ".join(said.split())
    return UnmeasuredError("damaged_recording", f"cannot decode {uri!r}: {why}")
