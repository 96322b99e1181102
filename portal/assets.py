"""Static files: hashed and compressed once collected, plain before that."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedAssets(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, which also works before `collectstatic` has ever run.

    Without a manifest the plain names are used; whitenoise then serves them from the source
    folders. A file that the manifest lacks stays a plain name too, rather than an error page.
    """

    manifest_strict = False
    # The chat page's modules import each other: names in import statements are hashed too.
    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        try:
            return super().stored_name(name)
        except ValueError:  # neither in the manifest nor in STATIC_ROOT
            return name
