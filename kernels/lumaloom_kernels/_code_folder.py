"""Where the code of compiled kernels is kept between runs: the first folder that can be written."""

import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path


def code_folder(sources: Path) -> Path | None:
    """Return the folder for the code of the functions in one folder of sources, or None where none can be written.

    In turn: what ``NUMBA_CACHE_DIR`` names, ``__pycache__`` beside the sources, the user's cache, and a folder of
    the user's own for temporary files.
    """
    return next((folder for folder in candidates(sources) if _can_keep(folder)), None)


def candidates(sources: Path) -> list[Path]:
    """Return the folders in the order in which they are tried."""
    name = f"{sources.name}_{sha256(os.fsencode(sources)).hexdigest()[:16]}"
    asked = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return [
        *([Path(asked) / name] if asked else []),
        sources / "__pycache__",
        Path(home) / "lumaloom" / name,
        _temporary() / name,
    ]


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"lumaloom-{os.getuid()}"


def _can_keep(folder: Path) -> bool:
    """Tell whether a file can be made in a folder, which is made where it is missing."""
    shared = folder.parent == _temporary()
    try:
        if shared:  # anybody may have made it: code is read from it only if nobody else can have put it there
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            about = folder.parent.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
                return False
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
