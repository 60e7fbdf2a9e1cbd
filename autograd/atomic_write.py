"""Writing files for users: the new file whole, or the old one as it was."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file at once or not at all, whatever else reads or writes it meanwhile.

    The bytes go into a file of a name of its own in the same folder, to the disk, and then in the
    place of the old file in one step. So who reads sees the old file or the new one; of several
    who write at once, the last one's file stays; and an error or Ctrl-C leaves nothing behind.
    The mode of a file that is there is kept. If path is a link, the file it leads to is replaced.
    A pipe or a device is written to as it is.

    Args:
        path: Of the file, in a folder that exists.
        content: All of it.

    Raises:
        OSError: The file cannot be written. What was there before stays.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(f"{folder}/greeting.txt", b"hello")
        ...     os.listdir(folder)
        ['greeting.txt']
    """
    path = os.fsdecode(path)
    mode = None
    with contextlib.suppress(FileNotFoundError):
        there = os.stat(path).st_mode
        if not stat.S_ISREG(there):  # nothing can take its place; a folder refuses
            with open(path, "wb") as file:
                file.write(content)
            return
        with open(path, "r+b"):  # a file that may not be written to is not replaced either
            mode = stat.S_IMODE(there)
    target = os.path.realpath(path)
    # Not to be guessed, and opened only if nothing is there ("x"), be it a link to elsewhere.
    part = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.unfinished")
    try:
        with open(part, "xb") as file:
            if mode is not None:
                os.chmod(part, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException as err:
        if isinstance(err, OSError) and err.filename == part:
            err.filename = path  # the name that whoever reads the error knows
        if not isinstance(err, FileExistsError):  # what is there then is not ours
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
        raise
