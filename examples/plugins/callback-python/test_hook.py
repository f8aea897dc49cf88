"""What the callback decides, as plain Python."""

import json
import types
import unittest

import hook


class Hook(unittest.TestCase):
    def test_an_address_is_host_port_and_path(self):
        config = hook.Config('{"url": "http://127.0.0.1:81/a?b=c"}')
        self.assertEqual((config.host, config.port, config.target), ("127.0.0.1", 81, "/a?b=c"))
        for bad in ["{}", '{"url": "hooks"}', "[]", ""]:
            with self.assertRaises(ValueError):
                hook.Config(bad)

    def test_an_event_is_json(self):
        notice = types.SimpleNamespace(
            id="1", app="demo", room="r", sid="s", sequence=0, at_ms=7, kind="k", details='{"a": 1}'
        )
        self.assertEqual(json.loads(hook.body(notice))["details"], {"a": 1})

    def test_only_2xx_is_delivered(self):
        self.assertTrue(hook.delivered(204) and not hook.delivered(301))
        self.assertTrue(hook.later(500) and hook.later(429) and not hook.later(404))


if __name__ == "__main__":
    unittest.main()
