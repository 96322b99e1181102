"""The tokens keep their promises: both dark lists agree, and text can be read (WCAG 2.2 AA)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CSS = (ROOT / "static/css/tokens.css").read_text()
TEXT_ON = [
    ("text", "canvas"), ("text", "surface"), ("text", "surface-sunken"), ("text", "surface-hover"),
    ("text-quiet", "canvas"), ("text-quiet", "surface"), ("text-quiet", "surface-sunken"),
    ("accent", "canvas"), ("accent", "surface"), ("on-accent", "accent"),
    ("on-accent", "accent-hover"), ("on-accent-soft", "accent-soft"),
    ("on-warn-soft", "warn-soft"), ("text", "bad-soft"), ("bad", "canvas"), ("canvas", "text"),
    ("on-accent", "bad"),
]  # fmt: skip
SHAPES_ON = [
    ("line-strong", "surface"),
    ("focus", "canvas"),
    ("good", "surface"),
    ("warn", "surface"),
]


def tokens(start: str) -> dict[str, str]:
    block = CSS[CSS.index(start) :]
    block = block[block.index("{") + 1 : block.index("}")]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


LIGHT = tokens(":root {")
SYSTEM_DARK = tokens(':root:not([data-theme="light"]) {')
CHOSEN_DARK = tokens(':root[data-theme="dark"] {')


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_dark_is_the_same_whether_chosen_or_the_systems() -> None:
    assert SYSTEM_DARK == CHOSEN_DARK


@pytest.mark.parametrize("theme", [LIGHT, CHOSEN_DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_stands_out_from_its_ground(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, CHOSEN_DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES_ON)
def test_outlines_and_marks_can_be_seen(theme: dict[str, str], shape: str, ground: str) -> None:
    assert contrast(theme[shape], theme[ground]) >= 3


def test_only_the_tokens_name_colours() -> None:
    for path in (ROOT / "static/css").rglob("*.css"):
        if path.name != "tokens.css":
            css = path.read_text().split("@media print")[0]
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?!\w*[^;]*\{)|rgba?\(|hsla?\(", css), (
                path.name
            )


def test_every_variable_that_is_used_exists() -> None:
    known = set(LIGHT) | set(
        re.findall(r"--([\w-]+):", (ROOT / "static/css/admin.css").read_text())
    )
    for path in (ROOT / "static/css").rglob("*.css"):
        assert set(re.findall(r"var\(--([\w-]+)", path.read_text())) <= known, path.name


def test_the_scripts_keep_their_own_promises() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no Node on this machine.")
    files = [str(path) for path in sorted((ROOT / "tests/js").glob("*.test.mjs"))]
    command = [node, "--test", *files]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
