"""The `name: value` lines at the head of a Markdown file, read so that no file can harm the reader.

Nothing but plain data is made of them, no alias is followed (a few lines of aliases can stand for
gigabytes), and their length is bounded.
"""

from typing import Any

import yaml

from conversations.retrieval.drafts import BadRow

CHARS = 64_000


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"aliases such as *{event.anchor} are not followed")
        return super().compose_node(parent, index)


def read_front_matter(text: str) -> dict[str, Any]:
    """The values by name, those that are empty left out. Raises BadRow."""
    if len(text) > CHARS:
        raise BadRow(f"the front matter is longer than {CHARS} characters.")
    try:
        meta = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 (a SafeLoader without aliases)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark else ""
        raise BadRow(
            f"the front matter is not valid YAML{line}; quote texts with colons."
        ) from None
    if meta is None:
        return {}
    if not isinstance(meta, dict):
        raise BadRow("the front matter is not a list of `name: value` lines.")
    return {str(name): value for name, value in meta.items() if value is not None}
