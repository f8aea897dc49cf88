"""A storage in Python: puts files into a store that takes a token, and believes only a matching digest.

The jobs are in `uploader.py`: a resource's class belongs into a module named after its interface.
"""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.plugin import ConfigError, Endpoint, Manifest, Scheme

import store
import uploader


class Plugin(exports.Plugin):
    def describe(self):
        return Manifest(
            name="example-storage-python",
            version="0.1.0",
            summary="Puts files into a store that takes a token.",
            config_schema=json.dumps(store.SCHEMA),
        )

    # The host calls it once in each fresh instance.
    def configure(self, config):
        try:
            taken = store.Config(config)
        except ValueError as wrong:
            raise Err([ConfigError(pointer, message) for pointer, message in wrong.args]) from None
        uploader.config = taken
        scheme = Scheme.HTTPS if taken.secure else Scheme.HTTP
        return [Endpoint(scheme, taken.host, taken.port)]


class Uploader(exports.Uploader):
    pass
