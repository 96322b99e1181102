#!/usr/bin/env python
"""Django's command line, with the embedded services started for the commands that need them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # Read when numpy is loaded. Its threads spin while they wait for each other, and the matrices
    # are small: a question beside its conversation took 59 ms of two cores for 33 ms of work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from django.core.management import execute_from_command_line

    from portal.embedded import services_for

    with services_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
