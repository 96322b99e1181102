"""`python -m portal.healthcheck`: a container's own look at its probe port. Exit 0: alive.

Imports no Django, so that looking every few seconds costs next to nothing.
"""

import http.client
import sys

from portal import conf


def main() -> int:
    """0 where the process on PORTAL_METRICS_PORT says that it is alive, else 1."""
    connection = http.client.HTTPConnection("127.0.0.1", conf.load().metrics_port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError as error:
        sys.stderr.write(f"The probe port does not answer: {error.strerror or error}.\n")
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
