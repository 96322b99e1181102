"""A customer's signed identity: a JSON Web Token (RFC 7519) that the host site signs with HS256.

Pure. Only what is needed is read: one algorithm, no keys from the token, no nesting.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.core.errors import InvalidInput

SECRET_CHARS = 32
LEEWAY = 60  # seconds that the host site's clock may be off
LONGEST = 24 * 3600  # of a token's life: it is made for one visit
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


class BadIdentity(InvalidInput):
    """The signed identity cannot be used."""

    code = "bad_identity"


@dataclass(frozen=True)
class Identity:
    """Who the host site says the customer is."""

    subject: str
    name: str = ""
    email: str = ""


def read(token: str, *, secrets: Sequence[str], now: datetime) -> Identity:
    """Check a token against any of the secrets. Raises BadIdentity, which says what is wrong."""
    if not secrets:
        raise BadIdentity(
            "Signed identities are not set up on this portal: set PORTAL_IDENTITY_SECRET, or leave "
            "the field out."
        )
    head, claims, signed, signature = _split(token)
    if head.get("alg") != "HS256":
        raise BadIdentity("Sign the identity with HS256; no other algorithm is taken.")
    if not any(hmac.compare_digest(signature, _sign(signed, secret)) for secret in secrets):
        raise BadIdentity("The identity's signature is not right; is it signed with the secret?")
    _check_times(claims, now.timestamp())
    return Identity(_subject(claims), _text(claims, "name"), _email(claims))


def write(identity: Identity, *, secret: str, expires: datetime) -> str:
    """A token as a host site makes it."""
    head = _encode({"alg": "HS256", "typ": "JWT"})
    claims = {"sub": identity.subject, "exp": int(expires.timestamp())}
    claims |= {name: value for name, value in (("name", identity.name), ("email", identity.email))
               if value}  # fmt: skip
    signed = f"{head}.{_encode(claims)}"
    return f"{signed}.{_base64(_sign(signed.encode(), secret))}"


def _split(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    parts = token.strip().split(".")
    try:
        head, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
        signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    except (ValueError, IndexError, binascii.Error, RecursionError):
        head = claims = None
    if len(parts) != 3 or not isinstance(head, dict) or not isinstance(claims, dict):
        raise BadIdentity("The identity is no JSON Web Token: three parts with dots between them.")
    return head, claims, signed, signature


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires = _seconds(claims, "exp")
    if expires is None:
        raise BadIdentity("The identity has no exp: say in seconds since 1970 when it ends.")
    if expires < now - LEEWAY:
        raise BadIdentity("The identity has expired; make a new one when the page is loaded.")
    if expires > now + LONGEST + LEEWAY:
        raise BadIdentity("The identity lives longer than a day; make one for each visit.")
    for name in ("nbf", "iat"):
        begins = _seconds(claims, name)
        if begins is not None and begins > now + LEEWAY:
            raise BadIdentity(f"The identity's {name} lies in the future; check the host's clock.")


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise BadIdentity(f"The identity's {name} is no time: use seconds since 1970.")
    return float(value)


def _subject(claims: dict[str, Any]) -> str:
    value = claims.get("sub")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or "\x00" in value:
        raise BadIdentity("The identity has no usable sub: the customer's id in your shop.")
    return value.strip()


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name) or ""
    if not isinstance(value, str):
        raise BadIdentity(f"The identity's {name} is no text.")
    return " ".join(value.replace("\x00", " ").split())[:200]


def _email(claims: dict[str, Any]) -> str:
    value = _text(claims, "email")
    if value and not _EMAIL.fullmatch(value):
        raise BadIdentity("The identity's email is no e-mail address.")
    return value


def _sign(signed: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
