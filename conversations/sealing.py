"""Short secrets that must stand in the database: sealed with a key of the portal's own secret.

Who reads the database, or a backup of it, without PORTAL_SECRET_KEY reads nothing of them.
"""

import hashlib
import hmac
import secrets

from django.conf import settings

MARK = "sealed:"
LONGEST = hashlib.sha256().digest_size
_NONCE_BYTES = 8


def seal(plain: bytes) -> str:
    """At most 32 bytes. Each sealing has a pad of its own, so equal secrets do not look equal."""
    if len(plain) > LONGEST:
        raise ValueError(f"at most {LONGEST} bytes can be sealed")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return MARK + (nonce + _under_pad(plain, nonce)).hex()


def unseal(sealed: str) -> bytes:
    """What was sealed. With another PORTAL_SECRET_KEY it is something else of the same length."""
    kept = bytes.fromhex(sealed.removeprefix(MARK))
    return _under_pad(kept[_NONCE_BYTES:], kept[:_NONCE_BYTES])


def is_sealed(text: str) -> bool:
    return text.startswith(MARK)


def _under_pad(text: bytes, nonce: bytes) -> bytes:
    key = settings.SECRET_KEY.encode()
    pad = hmac.new(key, b"portal.sealing:" + nonce, hashlib.sha256).digest()
    return bytes(a ^ b for a, b in zip(text, pad, strict=False))
