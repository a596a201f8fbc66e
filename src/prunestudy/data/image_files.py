"""Images of the user's own: what their headers say, and their pixels."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import numpy as np

from prunestudy.data.prepared_file import PIECE
from prunestudy.errors import DataError, Problem

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 10
GREY = ("1", "L", "LA", "La")
# Of 16 or 32 bits a pixel, which cannot be told from 0 to 255.
DEEP = ("I", "F")


@dataclass(frozen=True)
class Look:
    """What the headers of images say.

    Attributes:
        shape: channels × height × width of each as it will be read.
        odd: how many of those that are read in colour are grey.
    """

    shape: tuple[int, int, int]
    odd: int = 0


def look_at(files: Sequence[Path], side: int | None, place: str) -> Look:
    """Read the headers of images, no pixels.

    Args:
        side: pixels of the sides that they will be resized to (none: all must have one size).
        place: the setting that names them.

    Raises:
        DataError: some are no images, or of another size; the first ten are named.
    """
    sizes: dict[tuple[int, int], list[Path]] = {}
    grey: list[Path] = []
    bad = []
    for file in files:
        try:
            with _opened(file) as image:
                if image.mode.partition(";")[0] in DEEP:
                    bad.append(
                        f"{file} has more than 8 bits a channel ({image.mode}); save it by 8"
                    )
                    continue
                sizes.setdefault(image.size, []).append(file)
                grey += [file] if image.mode in GREY else []
        except _Bad as error:
            bad.append(str(error))
    if side is None and len(sizes) > 1:
        size, alike = max(sizes.items(), key=lambda one: len(one[1]))
        bad += [
            f"{file} has {_told(other)} pixels, and {alike[0]} has {_told(size)}; write side to "
            "resize all, or leave it out"
            for other, some in sizes.items()
            if other != size
            for file in some
        ]
    raise_all(bad, place)
    wide, high = (side, side) if side else next(iter(sizes))
    channels = 1 if len(grey) == len(files) else 3
    return Look((channels, high, wide), len(grey) if channels == 3 else 0)


def pixels_of(
    files: Sequence[Path], shape: tuple[int, int, int], resize: bool, place: str
) -> np.ndarray:
    """All pixels, 0 … 255 in 8 bits: n × channels × height × width.

    What is large lies in a file without a name in the project's folder, which is gone with the
    process, and is mapped.

    Raises:
        DataError: some are damaged; the first ten are named.
    """
    whole = (len(files), *shape)
    if np.prod(whole, dtype=np.int64) > PIECE:
        with TemporaryFile(dir=".") as scratch:
            pixels: np.ndarray = np.memmap(scratch, np.uint8, "w+", shape=whole)
    else:
        pixels = np.empty(whole, np.uint8)
    bad = []
    for row, file in enumerate(files):
        try:
            with _opened(file) as image:
                pixels[row] = _decoded(image, shape, resize)
        except _Bad as error:
            bad.append(str(error))
        except (OSError, ValueError, SyntaxError) as error:
            bad.append(f"{file} is damaged ({error}); restore it, or leave it out")
    raise_all(bad, place)
    return pixels


def raise_all(reasons: list[str], place: str) -> None:
    """Raise an error of the first ten reasons and how many more there are, if there are any."""
    if not reasons:
        return
    shown = reasons[:SHOWN]
    if len(reasons) > SHOWN:
        shown.append(f"and {len(reasons) - SHOWN:,} more like these")
    raise DataError([Problem(place, reason) for reason in shown])


def _decoded(image: "Image", shape: tuple[int, int, int], resize: bool) -> np.ndarray:
    from PIL.Image import Resampling

    channels, high, wide = shape
    read = image.convert("L" if channels == 1 else "RGB")
    if resize and read.size != (wide, high):
        read = read.resize((wide, high), Resampling.BILINEAR)
    rows = np.asarray(read).reshape(high, wide, channels)
    return rows.transpose(2, 0, 1)


class _Bad(Exception):
    """A file that is no image; says why."""


@contextmanager
def _opened(file: Path) -> Iterator["Image"]:
    # Only where images are read.
    from PIL import Image

    try:
        if file.stat().st_size == 0:
            raise _Bad(f"{file} is empty, it has no bytes; restore it, or leave it out")
        with warnings.catch_warnings():
            # A large photo is no attack where people bring their own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file)
    except Image.DecompressionBombError as error:
        raise _Bad(f"{file} has too many pixels ({error}); make it smaller") from None
    except FileNotFoundError:
        what = "is a link to nothing" if file.is_symlink() else "is not there"
        raise _Bad(f"{file} {what}; restore it, or leave it out") from None
    except (OSError, ValueError, SyntaxError) as error:
        told = "cannot be read" if isinstance(error, PermissionError) else "is not an image"
        raise _Bad(f"{file} {told} ({_reason(error)}); restore it, or leave it out") from None
    with image:
        yield image


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition(" '")[0]


def _told(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def title_of(name: str, files: Sequence[Path], look: Look) -> str:
    """What people call a set of images."""
    channels, high, wide = look.shape
    colour = "grey" if channels == 1 else "RGB"
    return f"{name}, {len(files):,} images of {wide}×{high}, {colour}"


def warnings_of(name: str, look: Look, ignored: int) -> Iterator[str]:
    """What should be known of a set of images."""
    if look.odd:
        yield f"{name}: {look.odd:,} images are grey and others are not; all are read as RGB"
    if ignored:
        yield f"{name}: {ignored:,} other files are ignored, which are hidden or no images"
