"""Brings a checkpoint from the Hugging Face hub here, once; an interrupted download continues."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.protocol import LoadFailed

#: What a checkpoint is read from. Weights only as safetensors: pickles can run code.
CONFIGURATION = ["*.json", "*.jinja", "*.txt", "*.model"]
WEIGHTS = ["*.safetensors"]
#: Other programs' copies of the same weights, which some checkpoints carry in folders.
ELSEWHERE = ["*/*"]

Report = Callable[[str, float | None], None]


def fetch(name: str, report: Report = lambda stage, progress: None, *, weights: bool = True) -> Path:
    """The folder of the hub's checkpoint `name`, downloaded as far as it is not here yet.

    Without a network, what is here already is used.

    Args:
        report: called with "downloading" and the share done, 0 to 1.
        weights: False for the small files alone.

    Raises:
        LoadFailed: where the hub has no such model or asks for a key, where it cannot be reached and the
            model is not here whole, or where the disk is too small.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError, HfHubHTTPError, HFValidationError

    wanted: dict[str, Any] = {
        "allow_patterns": [*CONFIGURATION, *(WEIGHTS if weights else [])],
        "ignore_patterns": ELSEWHERE,
    }
    try:
        files = snapshot_download(name, dry_run=True, **wanted)
        missing = sum(file.file_size or 0 for file in files if file.will_download)
        if weights:
            check_disk(name, missing, files[0].local_path if files else ".")
        bar = make_bar(missing, report)
        return Path(snapshot_download(name, tqdm_class=bar, **wanted))
    except HFValidationError as error:
        raise LoadFailed(
            f"{name!r} is neither a folder nor the name of a model on the hub",
            "Names are of the form owner/model; a folder is given as ./folder or /path/to/folder.",
        ) from error
    except DryRunError as error:
        return find_here(name, wanted, error.__cause__)
    except HfHubHTTPError as error:
        raise LoadFailed(
            f"the hub refuses {name}: {reason(error)}", "Check the name, or sign in with `hf auth login`."
        ) from error
    except OSError as error:
        raise LoadFailed(
            f"the download of {name} was interrupted: {reason(error)}",
            "Try again: it continues where it stopped.",
        ) from error


def find_here(name: str, wanted: dict[str, Any], cause: BaseException | None) -> Path:
    """The folder of an earlier download. Raises LoadFailed, worded by why the hub could not be asked."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, local_files_only=True, **wanted))
    except LocalEntryNotFoundError as error:
        if isinstance(cause, GatedRepoError):
            said = f"{name} is only for those who accepted its terms on the hub"
            remedy = "Accept them on its page there, then sign in with `hf auth login`."
        elif isinstance(cause, RepositoryNotFoundError):
            said = f"the hub has no model {name}, or it is private"
            remedy = "Check the name; for a private model sign in with `hf auth login`."
        elif isinstance(cause, OfflineModeIsEnabled):
            said = f"{name} is not whole on this machine, and the hub may not be asked (HF_HUB_OFFLINE)"
            remedy = "Unset HF_HUB_OFFLINE, or give the folder of a checkpoint."
        else:
            said = f"{name} is not whole on this machine, and the hub cannot be reached"
            remedy = "Connect to the network and try again (a download continues where it stopped), or give "
            remedy += "the folder of a checkpoint, or choose nano, which needs no network."
        raise LoadFailed(said, remedy) from error


def check_disk(name: str, missing: int, target: str) -> None:
    """Raise LoadFailed where the disk that holds `target` has less than `missing` bytes free."""
    folder = Path(target)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise LoadFailed(
            f"{name} needs {missing / 1e9:.1f} GB on disk and {free / 1e9:.1f} GB are free",
            "Make room, or set HF_HOME to a folder on a larger disk.",
        )


def make_bar(total: int, report: Report) -> type:
    """A class for the hub's progress bars: it shows nothing and reports the share of `total` bytes."""
    from tqdm import tqdm

    lock = threading.Lock()

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            self.in_bytes = options.get("unit") == "B"
            super().__init__(*arguments, **options)

        def display(self, *arguments: Any, **options: Any) -> None:
            """Nothing: the page has its own bar."""

        def update(self, n: float | None = 1) -> bool | None:
            with lock:
                shown = super().update(n)
                if self.in_bytes and total:
                    report("downloading", min(1.0, self.n / total))
            return shown

    return Bar


def reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
