"""Where everybody is painted: a grid, decided without anything of the contract."""

import json
import math

MOST = 17
# The frame's width in fractions of the canvas.
FRAME = 0.006


def cells(count):
    """The grid's cells for so many pictures: (x, y, width, height) in fractions of the canvas."""
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    width, height = 1 / columns, 1 / rows
    return [(n % columns * width, n // columns * height, width, height) for n in range(count)]


def shrunk(cell):
    """A cell without its frame."""
    x, y, width, height = cell
    return (x + FRAME, y + FRAME, width - 2 * FRAME, height - 2 * FRAME)


def frames(options):
    """The option `frames`, true if it isn't there; ValueError holds a sentence for who set it."""
    try:
        options = json.loads(options)
    except ValueError:
        raise ValueError("the options are no JSON") from None
    wanted = options.get("frames", True) if isinstance(options, dict) else None
    if not isinstance(wanted, bool):
        raise ValueError("frames: write true or false")
    return wanted
