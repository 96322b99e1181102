"""Takes what identifies a person out of a text: e-mail, phone, payment card, bank account.

Pure. Used for logs, prompts and cache keys; the transcript itself stays as it was typed. Cards
count by their check digit (Luhn), accounts by their checksum (ISO 13616), so that order numbers
mostly stay. What is masked stays masked: mask(mask(text)) == mask(text).
"""

import re

EMAIL, CARD, IBAN, PHONE = "[e-mail]", "[card]", "[iban]", "[phone]"
CARD_DIGITS = range(13, 20)
IBAN_CHARS = range(15, 35)
PHONE_DIGITS = range(9, 16)

_EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"(?<![\w])\d(?:[ \u00a0-]?\d){12,40}(?!\w)", re.ASCII)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
#: +31 6 1234 5678, 0031 6…, (020) 123 4567, 06-12345678, 555-123-4567
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+\d(?:[ \u00a0()/.-]{0,2}\d){6,14}"
    r"|(?:\(0\d{1,5}\)|0\d)(?:[ \u00a0()/-]{0,2}\d){4,13}"
    r"|(?:\(\d{3}\)|\d{3})[ -]\d{3}[ -]\d{4}"
    r")(?![\w-])",
    re.ASCII,
)


def mask(text: str) -> str:
    """The text with a mark in the place of each e-mail address, account, card and phone number."""
    if "@" in text:
        text = _EMAIL.sub(EMAIL, text)
    if not any(char.isdigit() for char in text):
        return text
    text = _IBAN.sub(_mask_iban, text)
    text = _DIGITS.sub(_mask_cards, text)
    return _PHONE.sub(_mask_phone, text)


def is_masked(text: str) -> bool:
    """Whether nothing in a text would be masked."""
    return mask(text) == text


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of a payment card."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether a text without separators has the checksum of an account number."""
    text = text.upper()
    moved = text[4:] + text[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _mask_iban(found: re.Match[str]) -> str:
    """The longest beginning that is an account number; words may follow it without a stop."""
    text = found.group()
    ends = [i + 1 for i, char in enumerate(text) if char.isalnum()]
    for count in range(min(len(ends), IBAN_CHARS.stop - 1), IBAN_CHARS.start - 1, -1):
        end = ends[count - 1]
        following = text[end : end + 1] or found.string[found.end() : found.end() + 1]
        if following.isalnum():
            continue
        if iban("".join(char for char in text[:end] if char.isalnum())):
            return IBAN + text[end:]
    return text


def _mask_cards(found: re.Match[str]) -> str:
    """Each card among groups of digits: "4111 1111 1111 1111 12" is a card and a number."""
    text, kept, start = found.group(), [], 0
    groups = [(group.start(), group.end()) for group in _GROUP.finditer(text)]
    first = 0
    while first < len(groups):
        last = _end_of_card(text, groups, first)
        if last is None:
            first += 1
            continue
        kept += [text[start : groups[first][0]], CARD]
        start, first = groups[last][1], last + 1
    return "".join([*kept, text[start:]])


def _end_of_card(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    for last in range(len(groups) - 1, first - 1, -1):
        digits = "".join(text[begin:end] for begin, end in groups[first : last + 1])
        if len(digits) in CARD_DIGITS and len(set(digits)) > 1 and luhn(digits):
            return last
    return None


def _mask_phone(found: re.Match[str]) -> str:
    digits = sum(char.isdigit() for char in found.group())
    return PHONE if digits in PHONE_DIGITS else found.group()
