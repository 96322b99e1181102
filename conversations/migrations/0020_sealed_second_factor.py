"""Seals the secrets of authenticator apps that stood in the open."""

from binascii import unhexlify

from django.db import migrations

from conversations.sealing import LONGEST, is_sealed, seal, unseal


def seal_all(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.iterator():
        if not is_sealed(device.key) and len(unhexlify(device.key)) <= LONGEST:
            device.key = seal(unhexlify(device.key))
            device.save(update_fields=["key"])


def unseal_all(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.iterator():
        if is_sealed(device.key):
            device.key = unseal(device.key).hex()
            device.save(update_fields=["key"])


class Migration(migrations.Migration):

    dependencies = [
        ("conversations", "0019_learnt_phrasings"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuthenticatorApp",
            fields=[],
            options={
                "verbose_name": "authenticator app",
                "verbose_name_plural": "authenticator apps",
                "proxy": True,
                "indexes": [],
                "constraints": [],
                "default_permissions": [],
            },
            bases=("otp_totp.totpdevice",),
        ),
        migrations.RunPython(seal_all, unseal_all),
    ]
