"""The PostgreSQL and Redis that Portal brings along for one machine.

Computing an address starts nothing. `services_for` starts what a command needs and is not running,
and the last user's exit stops it.
"""

from portal.embedded.layout import Addresses, Layout, addresses, secret_key
from portal.embedded.lifecycle import Services, services_for

__all__ = ["Addresses", "Layout", "Services", "addresses", "secret_key", "services_for"]
