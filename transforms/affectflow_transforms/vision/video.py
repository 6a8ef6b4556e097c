"""Videos, a frame at a time: their motion, and the frames that are chosen.

A video is read twice, once to find where something happens and once for the chosen
frames, so that an hour takes no more memory than a second.
"""

import math
from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.vision import motion
from affectflow_transforms.vision.frames import Floats, Sampling, events, uniform
from affectflow_transforms.vision.motion_tables import MotionTables
from affectflow_transforms.voice.decoding import ALONE

# Containers keep times in whole ticks, of a millisecond at worst.
_ROUNDING_S = 5e-4


class Stretch(NamedTuple):
    """A part of a video.

    Attributes:
      start_s: from its beginning, seconds.
      end_s: likewise, exclusive; infinite for all the rest.
    """

    start_s: float = 0.0
    end_s: float = math.inf


class Course(NamedTuple):
    """What a video says when it is read through.

    Attributes:
      n_frames: of the stretch.
      motion: shape (n_frames - 1,): between each frame and the next one, in pixels of a
        picture of `motion.WIDTH`; empty where it was not asked for.
      times: shape (n_frames,): of each frame, seconds from the first one of the video;
        NaN where it has none.
      is_cut: it is damaged behind these frames.
    """

    n_frames: int
    motion: Floats
    times: Floats
    is_cut: bool


def course(file: BinaryIO, name: str, part: Stretch, *, moves: bool = True) -> Course:
    """Returns what a stretch of a video says, from its first frame to its last.

    Args:
      file: of any container that FFmpeg reads, at its start.
      name: of it, for errors.
      part: which stretch.
      moves: motion is measured.

    Raises:
      UnmeasuredError: `no_video`, `damaged_video`, or `no_frames`.
    """
    reel = _Reel(file, name, part)
    if moves:
        measured = motion.motion(_small(frame) for frame in reel.frames())
    else:
        measured = np.zeros(0)
        for _ in reel.frames():
            pass
    if not reel.n_frames:
        reason = "damaged_video" if reel.is_cut else "no_frames"
        until = f" to {part.end_s:g} s" if np.isfinite(part.end_s) else " on"
        raise UnmeasuredError(
            reason, f"{name!r} has no frame from {part.start_s:g} s{until}"
        )
    return Course(reel.n_frames, measured, np.asarray(reel.times), reel.is_cut)


def chosen(
    file: BinaryIO,
    name: str,
    part: Stretch,
    sampling: Sampling,
    tables: MotionTables | None = None,
) -> tuple[list[Any], bool]:
    """Returns the frames to look at, as pictures of Pillow, and whether it was cut.

    Args:
      file: as of `course`.
      name: likewise.
      part: likewise.
      sampling: which frames.
      tables: say how much moves; None measures it.

    Raises:
      UnmeasuredError: as `course` raises it, or the tables do not tell of it.
    """
    by_events = sampling.by == "events"
    found = course(file, name, part, moves=by_events and tables is None)
    places = uniform(found.n_frames, sampling.total)
    if by_events:
        moved = found.motion
        if tables is not None:
            moved = tables.motion(name).between(found.times, name)
        places = events(moved, sampling.total, sampling.mode)
    file.seek(0)
    return list(_at(_Reel(file, name, part).frames(), places)), found.is_cut


def _at(frames: Iterator[Any], places: list[int]) -> Iterator[Any]:
    """Yields the frames at some places, which rise."""
    waiting = iter(places)
    wanted = next(waiting, None)
    for place, frame in enumerate(frames):
        if place == wanted:
            yield frame.to_image()
            wanted = next(waiting, None)
            if wanted is None:
                return


def _small(frame: Any) -> motion.Grey:
    small = frame.reformat(motion.WIDTH, motion.HEIGHT, format="gray")
    grey: motion.Grey = small.to_ndarray().astype(np.float32) / 255
    return grey


class _Reel:
    """The frames of a stretch, read once; what was found out is in its fields."""

    def __init__(self, file: BinaryIO, name: str, part: Stretch):
        self.n_frames = 0
        self.is_cut = False
        self.times = array("d")
        self._file, self._name, self._part = file, name, part

    def frames(self) -> Iterator[Any]:
        """Yields the frames; a damaged one is the last."""
        import av

        with self._opened() as container:
            stream = container.streams.video[0]
            first = float((stream.start_time or 0) * stream.time_base)
            try:
                self._seek(container, stream, first)
                for frame in container.decode(stream):
                    # Without times, all of it is read.
                    at = self._part.start_s if frame.time is None else frame.time
                    if at - first >= self._part.end_s:
                        return
                    if at - first >= self._part.start_s - _ROUNDING_S:
                        self.n_frames += 1
                        self.times.append(
                            math.nan if frame.time is None else at - first
                        )
                        yield frame
            except (av.FFmpegError, ValueError, OSError):
                self.is_cut = True

    def _opened(self) -> Any:
        import av

        try:
            container = av.open(self._file, mode="r", options=ALONE)
        except (av.FFmpegError, ValueError, OSError) as error:
            why = " ".join(str(error).split())
            raise UnmeasuredError(
                "damaged_video",
                f"{self._name!r} is neither a picture nor a video: {why}",
            ) from error
        if not container.streams.video:
            container.close()
            raise UnmeasuredError("no_video", f"{self._name!r} has no video in it")
        return container

    def _seek(self, container: Any, stream: Any, first: float) -> None:
        """Goes to the last frame before the stretch that stands on its own."""
        if self._part.start_s > 0:
            at = int((first + self._part.start_s) / stream.time_base)
            container.seek(at, stream=stream)
