"""PostgreSQL refuses to run as root: this module finds it an account and lets that account in.

Nothing here does anything for an ordinary user.
"""

import os
import pwd
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

ACCOUNT = "pgserver"

_ACL = "system.posix_acl_access"
_ENTRY = struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF


def account() -> pwd.struct_passwd | None:
    """The account that PostgreSQL runs as, if it cannot be ours: made once by useradd."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    if useradd := shutil.which("useradd"):
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
            check=False,
            capture_output=True,
        )
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return pwd.getpwnam("nobody")


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of subprocess.Popen that run a program as that account."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Make a private folder that belongs to that account."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def let_in(path: Path, user: pwd.struct_passwd | None) -> None:
    """Let that account pass through the folders above a path, and nobody else.

    A checkout below /root or a private temporary folder is closed to other accounts. One entry in
    the folder's access list opens the way without showing the folder to anybody.
    """
    if user is None:
        return
    for folder in path.parents:
        if not folder.stat().st_mode & 0o001:
            _grant_search(folder, user.pw_uid)


def _grant_search(folder: Path, uid: int) -> None:
    mode = folder.stat().st_mode
    owner, group, other = mode >> 6 & 7, mode >> 3 & 7, mode & 7
    try:
        raw = os.getxattr(folder, _ACL)[4:]
        entries = [_ENTRY.unpack_from(raw, at) for at in range(0, len(raw), _ENTRY.size)]
    except OSError:  # no list yet: the mode says it all
        entries = [
            (_USER_OBJ, owner, _NO_ID),
            (_GROUP_OBJ, group, _NO_ID),
            (_MASK, group, _NO_ID),
            (_OTHER, other, _NO_ID),
        ]
    granted = any(tag == _USER and who == uid and perm & 1 for tag, perm, who in entries)
    if granted and any(tag == _MASK and perm & 1 for tag, perm, _ in entries):  # chmod closes it
        return
    entries = [entry for entry in entries if not (entry[0] == _USER and entry[2] == uid)]
    entries = [(tag, perm | 1 if tag == _MASK else perm, who) for tag, perm, who in entries]
    entries.append((_USER, 1, uid))
    entries.sort(key=lambda entry: (entry[0], entry[2]))
    try:
        os.setxattr(folder, _ACL, b"\x02\0\0\0" + b"".join(_ENTRY.pack(*e) for e in entries))
    except OSError:  # a file system without access lists
        folder.chmod(mode | 0o001)
