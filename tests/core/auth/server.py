"""A process that serves the API, for tests; it writes its port as its first line.

Looks at the key files every half second, so that a test need not wait for it.
"""

import sys

from werkzeug.serving import make_server

from core.app import create_app
from core.auth import keys

RESCAN_S = 0.5


def main() -> None:
    vars(keys).update(_RESCAN_SIGNING_S=RESCAN_S, _RESCAN_UNKNOWN_S=RESCAN_S)
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
