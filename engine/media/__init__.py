"""The one way in for pictures and sounds: bytes from anywhere become validated parts.

`read_image` and `read_audio` take what a person gave, recognise it by content, mend what can be mended
and refuse the rest with `MediaRefused`; `decode_image` and `decode_audio` give the pixels and samples
back. Decoding is bounded: no size is believed that the limits do not allow.
"""

from engine.media.images import decode_image, read_image
from engine.media.kinds import Kind, recognise
from engine.media.limits import Limits, check_size, display_name
from engine.media.sounds import decode_audio, read_audio

__all__ = [
    "Kind",
    "Limits",
    "check_size",
    "decode_audio",
    "decode_image",
    "display_name",
    "read_audio",
    "read_image",
    "recognise",
]
