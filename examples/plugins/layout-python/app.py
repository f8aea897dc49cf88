"""A layout in Python: everybody in a grid, with a frame around whoever speaks."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.arranger import (
    Colour,
    Content_Colour,
    Content_Participant,
    Fit,
    Layer,
    Rect,
    Scene,
    Source,
    View,
)
from wit_world.exports.plugin import Manifest

import grid

BLACK = Colour(0, 0, 0)
GREEN = Colour(60, 200, 90)


class Plugin(exports.Plugin):
    def describe(self):
        return Manifest(
            name="example-layout-python",
            version="0.1.0",
            summary="Everybody in a grid, with a frame around whoever speaks.",
            # What `configure` takes, as a JSON Schema: this one takes nothing.
            config_schema='{"type": "object", "properties": {}}',
        )

    # A layout reaches no host: the list of endpoints is empty.
    def configure(self, config):
        return []


class Arranger(exports.Arranger):
    def arrange(self, input):
        try:
            frames = grid.frames(input.options)
        except ValueError as wrong:
            raise Err(str(wrong)) from None
        shown = [(one, view) for one in input.participants if (view := picture(one))][: grid.MOST]
        layers = []
        for (one, view), cell in zip(shown, grid.cells(len(shown))):
            if frames and one.speaking:
                layers.append(layer(cell, Content_Colour(GREEN)))
                cell = grid.shrunk(cell)
            layers.append(layer(cell, Content_Participant(view)))
        return Scene(BLACK, layers)


def picture(one):
    """A shared screen is shown instead of the camera; who has no picture has no cell."""
    if one.screen:
        return View(one.uid, Source.SCREEN)
    return View(one.uid, Source.CAMERA) if one.camera else None


def layer(cell, content):
    return Layer(Rect(*cell), content, Fit.COVER, alpha=1.0, corner_radius=0.0)
