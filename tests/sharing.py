"""Which tests one process runs in a row, where several share them.

A file stays together for the sake of what its tests share, and so do all that use the one running
portal: it is started once a session. (pytest-xdist's own `loadgroup` does nothing with pytest 9.2:
the name of a test can no longer be changed after its collection.)
"""

from functools import cache

from xdist.scheduler import LoadScopeScheduling

from portal import conf

LIVE = "live_portal"


@cache
def _files() -> frozenset[str]:
    """The files whose tests use the running portal."""
    return frozenset(
        path.relative_to(conf.ROOT).as_posix()
        for path in (conf.ROOT / "tests").rglob("test_*.py")
        if LIVE in path.read_text(encoding="utf-8")
    )


def group_of(nodeid: str) -> str:
    file = nodeid.split("::")[0]
    return LIVE if file in _files() else file


class Sharing(LoadScopeScheduling):
    """A group goes to one process, whole."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
