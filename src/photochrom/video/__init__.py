"""Film: gray frames in, steady colors out, with sound, subtitles and timestamps as they were.

Needs the ``video`` extra (PyAV, which brings FFmpeg with it).
"""

from photochrom.errors import MissingExtraError

try:
    import av as _av
except ImportError as error:
    raise MissingExtraError(
        "Film needs PyAV, which is not installed: pip install 'photochrom[video]'."
    ) from error

_av.logging.set_level(None)  # FFmpeg's own lines are for its developers
