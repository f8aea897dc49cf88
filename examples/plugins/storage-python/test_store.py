"""What the storage decides, as plain Python."""

import unittest

import store

CONFIG = '{"endpoint": "https://s.example:8443", "bucket": "b", "token": "hush"}'


class Store(unittest.TestCase):
    def test_keys_travel_escaped(self):
        config = store.Config(CONFIG)
        self.assertEqual(config.url("a/ü b+c~"), "https://s.example:8443/b/a/%C3%BC%20b%2Bc~")

    def test_mistakes_are_told(self):
        for text, count in [("{}", 3), ("[]", 1), ("", 1)]:
            with self.assertRaises(ValueError) as caught:
                store.Config(text)
            self.assertEqual(len(caught.exception.args), count)

    def test_failures_have_their_class(self):
        self.assertEqual(store.kind(401), "bad-credentials")
        self.assertEqual(store.kind(500), "transient")
        self.assertEqual(store.kind(400), "rejected")
        self.assertEqual(store.wait_ms([("retry-after", "2")]), 2000)


if __name__ == "__main__":
    unittest.main()
