"""A callback in Python: posts each event as JSON, with a token that the receiver knows.

The deliveries are in `notifier.py`: a resource's class belongs into a module named after its interface.
"""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.plugin import ConfigError, Endpoint, Manifest, Scheme

import hook
import notifier


class Plugin(exports.Plugin):
    def describe(self):
        return Manifest(
            name="example-callback-python",
            version="0.1.0",
            summary="Posts each event as JSON, with a token.",
            config_schema=json.dumps(hook.SCHEMA),
        )

    # The host calls it once in each fresh instance.
    def configure(self, config):
        try:
            taken = hook.Config(config)
        except ValueError as wrong:
            raise Err([ConfigError(*wrong.args)]) from None
        notifier.config = taken
        scheme = Scheme.HTTPS if taken.secure else Scheme.HTTP
        return [Endpoint(scheme, taken.host, taken.port)]


class Notifier(exports.Notifier):
    pass
