"""What a question carries besides what it asks: openings, short forms, possessives. Pure."""

import re
from collections.abc import Iterator
from pathlib import Path

from insights.ask.scan import compiled

_FILE = Path(__file__).with_name("tidying.txt")


def _read() -> Iterator[tuple[re.Pattern[str], str]]:
    """Each pattern of the file with what is read in its place."""
    names: dict[str, str] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        for name, pattern in names.items():
            line = line.replace(name, pattern)
        if match := re.match(r"(<[A-Z_]+>) = (.*)", line):
            names[match.group(1)] = match.group(2)
        else:
            pattern, _arrow, target = line.partition(" =>")
            yield compiled(pattern), target.removeprefix(" ")


_PATTERNS = tuple(_read())
_POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s?(?= |$)")
#: Said before the question, not in it.
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|hi there|hello there|right|great|cool|fine|good|nice|perfect|"
    r"interesting|alright|well|sorry|so|hmm?|ooh|oh|ah|kindly|please|grand|lovely|brilliant|super|"
    r"thanks|"
    r"quick question|quick one|good morning|good afternoon) )+"
    r"(?=(?:and|what|which|how|now|but|who|why|where|when|show|can|could|do|does|is|are|narrow|"
    r"restrict|limit|split|break|divide|group|filter|repeat|slice|zoom)\b)"
)
_POLITE = re.compile(
    r"^(?:and |now |then |ok |okay )?(?:can|could|would|will) "
    r"(?:you|we|i|somebody|someone|anybody|anyone) (?:please |also )*"
    r"(?=(?:explain|tell|split|break|show|do|narrow|limit|restrict|filter|group|slice|repeat|"
    r"change|switch|make|"
    r"zoom|compare)\b)"
)
#: Pronouns with "is": no possessives.
_SHORT_IS = re.compile(r"\b(?P<w>who|what|how|where|when|there|that|it|let|here|he|she)'s\b")


#: A greeting and the little that is said with it, up to a dash: "Hi, quick one - who …".
_GREETING = re.compile(
    r"(?i)^\s*(?:hi|hey|hello|good (?:morning|afternoon|evening)|quick (?:one|question)|"
    r"sorry|okay|ok)"
    r"(?:[\s,!]+(?:hi|there|all|team|everyone|folks|quick (?:one|question)|please|"
    r"before (?:my|the|our) [\w:]{1,12}))*\s*[-–—]+\s+"
    r"(?=(?:who|what|how|which|why|when|where|show|give|can|could|do|is|are)\b)"
)


def without_greeting(text: str) -> str:
    """The question as it was typed, from the question on."""
    return _GREETING.sub("", text)


def bare(text: str) -> str:
    """Words without the apostrophe of whose they are: "the bot's answers" are "bot answers"."""
    return _POSSESSIVE.sub("", _SHORT_IS.sub(r"\g<w> is", text))


def tidy(text: str) -> str:
    """The question without what only surrounds it; text in lower case without punctuation."""
    text = re.sub(r"(?<!\w)'(?=\w)|(?<=[^s\W])'(?!\w)", "", text)  # quotation marks
    text = _POLITE.sub("", _OPENING.sub("", bare(text)))
    for pattern, target in _PATTERNS:
        text = pattern.sub(target, text)
    return re.sub(r"\s+", " ", text).strip()
