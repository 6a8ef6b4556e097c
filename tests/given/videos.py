"""Videos made for tests: a textured wall that jumps when something happens."""

from pathlib import Path

import numpy as np


def write_video(path, frames, *, rate=30, codec="mpeg4", first_pts=0):
    """Writes pictures, (height, width) of grey 0..255 or with three colours, as video.

    Args:
      path: its suffix names the container.
      frames: one after the other.
      rate: frames a second.
      codec: of FFmpeg.
      first_pts: time of the first frame, in frames.
    """
    import av

    with av.open(str(path), "w") as container:
        stream = None
        for place, picture in enumerate(frames):
            picture = np.asarray(picture, np.uint8)
            if picture.ndim == 2:
                picture = picture[..., None].repeat(3, 2)
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = first_pts + place
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())
    return Path(path)


def wall(places, height=48, width=64, seed=0):
    """Yields a textured wall, seen at each of some places: pixels from the left."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).random((height, width + 400))
    texture = gaussian_filter(noise, 2)
    grey = (texture - texture.min()) / np.ptp(texture) * 255
    for place in places:
        left = int(place)
        yield grey[:, left : left + width]


def bursts(n_frames, peaks, speed=2.0, sigma=6.0):
    """Returns places of a wall that moves around some frames, and stands else."""
    at = np.arange(n_frames)
    moves = sum(speed * np.exp(-((at - p) ** 2) / (2 * sigma**2)) for p in peaks)
    return np.cumsum(np.broadcast_to(moves, n_frames))
