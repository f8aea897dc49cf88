"""Starts a loopback server for each vendor and prints their ports as one line of JSON."""

import argparse
import http.server
import json
import threading

import defaults
from handler import Handler
from state import State


class Server(http.server.ThreadingHTTPServer):
    """One vendor's port."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, vendor, state):
        super().__init__(("127.0.0.1", 0), Handler)
        self.vendor, self.state = vendor, state

    def handle_error(self, request, client_address):
        """Connections break by order; what else goes wrong is answered where it happens."""


def main():
    """Serves until it is killed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--root", required=True, help="where objects land")
    arguments.add_argument("--min-part", type=int, help="the least bytes of a part, for all")
    arguments.add_argument("--now", type=int, help="a fixed clock, in Unix seconds")
    arguments.add_argument("--trace", action="store_true", help="keep what was signed in the log")
    chosen = arguments.parse_args()
    config = {
        **defaults.config(),
        "min_part": chosen.min_part,
        "now": chosen.now,
        "trace": chosen.trace,
    }
    state = State(chosen.root, config)
    servers = {vendor: Server(vendor, state) for vendor in [*defaults.VENDORS, "auto"]}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(
        json.dumps({vendor: server.server_port for vendor, server in servers.items()}), flush=True
    )
    threading.Event().wait()


if __name__ == "__main__":
    main()
