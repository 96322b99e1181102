"""The app that shows an agent's codes."""

from binascii import unhexlify
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from conversations.sealing import LONGEST, is_sealed, seal, unseal


class AuthenticatorApp(TOTPDevice):
    """django-otp's device whose secret stands sealed in the database.

    One that was made elsewhere, with its secret in the open, works too and is sealed when saved.
    """

    key: str

    class Meta:
        proxy = True
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        default_permissions: ClassVar[list[str]] = []

    @property
    def bin_key(self) -> bytes:
        return unseal(self.key) if is_sealed(self.key) else unhexlify(self.key)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not is_sealed(self.key) and len(self.bin_key) <= LONGEST:
            self.key = seal(self.bin_key)
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "key"}
        super().save(*args, **kwargs)
