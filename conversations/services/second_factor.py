"""SecondFactorService: codes of an authenticator app (TOTP) and recovery codes for when it is lost.

An app's secret is kept sealed. Recovery codes are kept as keyed digests and work once. Wrong codes
slow the next try down.
"""

import hashlib
import hmac
import secrets
from typing import Any

from django.conf import settings
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice

from conversations.models import AuthenticatorApp
from portal.core.errors import InvalidInput
from portal.core.service import BaseService

RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_DIGEST_CHARS = 16  # what a StaticToken holds


class WrongCode(InvalidInput):
    """This code is not right, or was used already. Please wait for the next one."""

    code = "wrong_code"


class SecondFactorService(BaseService):
    name = "second_factor"

    def is_set_up(self, user: Any) -> bool:
        return AuthenticatorApp.objects.filter(user=user, confirmed=True).exists()

    def begin(self, user: Any) -> AuthenticatorApp:
        """The app that is being set up; it counts when it has shown its first code."""
        device = AuthenticatorApp.objects.filter(user=user, confirmed=False).order_by("-pk").first()
        return device or AuthenticatorApp.objects.create(user=user, name="app", confirmed=False)

    def confirm(self, user: Any, code: str) -> tuple[Device, list[str]]:
        """The app works: it replaces the one before. Returns it and ten recovery codes, once.

        Raises WrongCode.
        """
        with self.operation("confirm"), transaction.atomic():
            device = (
                AuthenticatorApp.objects.select_for_update()
                .filter(user=user, confirmed=False)
                .order_by("-pk")
                .first()
            )
            if device is None:
                raise WrongCode
            right = device.verify_token(_digits(code))
            if right:
                AuthenticatorApp.objects.filter(user=user).exclude(pk=device.pk).delete()
                device.confirmed = True
                device.save(update_fields=["confirmed"])
                codes = self._new_codes(user)
        if not right:  # outside of the transaction: the wrong try must stay counted
            raise WrongCode
        return device, codes

    def verify(self, user: Any, code: str) -> Device:
        """The device whose code this is. Raises WrongCode."""
        kinds: tuple[tuple[Any, str], ...] = (
            (AuthenticatorApp, _digits(code)),
            (StaticDevice, _sealed(user, code)),
        )
        with self.operation("verify"):
            for kind, token in kinds:
                with transaction.atomic():
                    device = (
                        kind.objects.select_for_update().filter(user=user, confirmed=True).first()
                    )
                    wanted = bool(token) and device is not None
                    if wanted and device.verify_token(token):
                        return device
            raise WrongCode

    def remove(self, user: Any) -> int:
        """Take all devices and codes of a user away. Returns how many there were."""
        with self.operation("remove"), transaction.atomic():
            count = AuthenticatorApp.objects.filter(user=user).delete()[0]
            return count + StaticDevice.objects.filter(user=user).delete()[0]

    def _new_codes(self, user: Any) -> list[str]:
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        for code in codes:
            device.token_set.create(token=_sealed(user, code))
        return codes


def _new_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _digits(code: str) -> str:
    """Six digits, or "": apps show them with a gap."""
    code = "".join(code.split())
    return code if len(code) == 6 and code.isascii() and code.isdecimal() else ""


def _sealed(user: Any, code: str) -> str:
    """What the database keeps of a recovery code, or "" for what cannot be one."""
    code = "".join(char for char in code.lower() if char in _ALPHABET)
    if len(code) != 10:
        return ""
    words = f"portal.recovery:{user.pk}:{code}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), words, hashlib.sha256).hexdigest()[:_DIGEST_CHARS]
