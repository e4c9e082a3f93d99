"""A program: reads each file named on standard input under limits, and says how it went, as JSON lines.

Memory is limited to 3 GiB of address space and each file to 20 seconds, so that a decoder that believes
a hostile header, or hangs, ends this program and not the tests.
"""

import json
import resource
import signal
import sys
from pathlib import Path

import soundfile
import soxr

from engine.media import decode_audio, decode_image, read_audio, read_image
from engine.protocol import AudioPart, MediaRefused

LIMIT = 3 * 2**30
LOADED = (soundfile, soxr)  # before the limit


def outcome(path: Path, read, decode) -> dict:
    signal.alarm(20)
    try:
        part = read(path.read_bytes(), path.name)
        pixels_or_samples = decode(part)
    except MediaRefused as refusal:
        return {"refused": refusal.message, "remedy": refusal.remedy}
    except Exception as error:
        return {"error": repr(error)}
    finally:
        signal.alarm(0)
    if isinstance(part, AudioPart):
        return {
            "part": part.media_type,
            "size": [part.sample_rate, part.seconds],
            "length": len(pixels_or_samples),
        }
    return {"part": part.media_type, "size": [part.width, part.height], "decoded": pixels_or_samples.size}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        as_image = outcome(path, read_image, decode_image)
        as_audio = outcome(path, read_audio, decode_audio)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"path": str(path), "image": as_image, "audio": as_audio, "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
