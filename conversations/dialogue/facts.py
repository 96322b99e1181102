"""Facts that a customer states: numbers, name, e-mail, product, dates, amounts, what was tried.

Pure rules, precision first: a fact that is missed costs a question, a wrong one costs trust. What
looks like a payment card or an account number is never taken.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

VALUE_CHARS = 120
MOST_OF_A_KIND = 3  # of kinds that may have several values; the newest stay
#: Kinds with one value at a time: a new value takes the place of the old one.
SINGLE = frozenset({"name", "email", "phone", "tracking_number", "invoice_number", "product"})
NUMBERED = ("order_number", "tracking_number", "invoice_number")
KINDS = (*NUMBERED, "name", "email", "phone", "product", "date", "amount", "tried")


@dataclass(frozen=True)
class Found:
    """A fact as the customer put it. `corrects`: it takes the place of what was said before.
    `instead_of`: the very value that it replaces, where the customer named it."""

    kind: str
    value: str
    corrects: bool = False
    instead_of: str = ""


_CODE = r"(?:[A-Z]{1,4}[-–]?\d{3,12}(?:-\d{1,8})?|\d{3,12}(?:[ -]\d{2,8}){0,3})(?![\w-]|[.,]\d)"
_NUMBER_OF = {
    "order_number": r"order|purchase|bestelling|bestellung|commande|pedido",
    "tracking_number": r"tracking|track(?: and |[ &-]+)trace|parcel|shipment",
    "invoice_number": r"invoice|receipt|factuur|rechnung|facture",
}
_MARK = r"(?:[ ]?(?:number|numbers|no\b\.?|nr\b\.?|num\b|id|code|ref(?:erence)?|#|№))"
_LED = {
    kind: re.compile(
        rf"(?P<before>[\w'’]+[ ,]+|^)(?P<lead>{lead})(?P<mark>{_MARK}{{0,2}})"
        rf"(?P<is>(?:[ ]*(?:is|was|=|:|#))*)[ ]*(?P<value>{_CODE})",
        re.IGNORECASE | re.MULTILINE,
    )
    for kind, lead in _NUMBER_OF.items()
}
_BARE_CODE = re.compile(r"(?<![\w-])[A-Z]{2,4}-\d{4,12}(?![\w-])")
_NO_ORDER_BEFORE = re.compile(
    r"(?:error|code|model|part|type|version|article|item|sku|serial|ean|room|flight|norm|standard)"
    r"[ :#]*(?:number|no\.?|nr\.?|code)?[ :#]*(?:is )?$|(?:e\.g\.|for example|such as|like)[ ,]*$",
    re.IGNORECASE,
)
_TO_ORDER = re.compile(
    r"^(?:to|i|we|can|could|please|you|they|will|would|must|cannot|not|always|often|and|or|then"
    r"|in|last|first|next)[ ,]*$",
    re.IGNORECASE,
)
_PLURAL_AFTER = re.compile(r"\s+(?!(?:has|is|was|does|as|says|its|this)\b)[a-z]+s\b")
_CORRECTION = re.compile(
    r"^\W*(?:no|nope|sorry|oops|actually|wait|correction|wrong|my mistake|i mean|pardon)\b"
    r"|\b(?:i meant|i mean(?:t)? to|should (?:be|have been)|is actually|was wrong|typo|mistyped"
    r"|it'?s actually|correct (?:number|name|one|e-?mail|address) is|the right (?:number|one) is"
    r"|instead of|not [^\s,]+,? but)\b",
    re.IGNORECASE,
)
_IT_IS = re.compile(
    r"(?:\b(?:it|that|this|number|one|i mean(?:t)?|but|sorry|correction|actually)\b[\s:,]*"
    r"(?:is|['’]s|was|should be|:|meant)?[\s:,]*(?:actually )?)$|^\W*(?:no|oops|wait)?[\W]*$",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|isn'?t|instead of|rather than)[ ]+(?:order )?(?:number )?$", re.I)
_ANY_CODE = re.compile(rf"(?<![\w.,-]){_CODE}")

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?![\w@])")
_EMAIL_OTHER = re.compile(
    r"(?:wrote|written|sent|mail(?:ed)?|message|reply|replied|contact(?:ed)?|forward(?:ed)?|from"
    r"|at your|address)"
    r"(?: \w+){0,3} (?:to|at|from|via|with)?\s*<?$",
    re.IGNORECASE,
)
_EMAIL_MINE = re.compile(
    r"(?:\bmy (?:\w+ )?(?:e-?mail|mail)\b|\b(?:reach|contact|mail|e-?mail|write(?: to)?) me\b"
    r"|\be-?mail(?: address)?(?: is|:))",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\b(?:my (?:full |first |last )?name(?:'s|’s| is|:)|i am called|i'm called|name:"
    r"|this is(?=(?: [A-Z][\w'’-]+){1,3} (?:speaking|calling|here|from)\b))"
    r"[ ]+(?P<name>[^\W\d_][\w'’-]*(?:[ ](?:(?:van|von|de|der|den|la|di|da|le|bin|al) )*"
    r"[A-ZÀ-Þ][\w'’-]*){0,3})",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    "not wrong misspelled misspelt spelled spelt still on in the a an missing incorrect already "
    "different changed also now at for to what correct right listed shown printed here and too "
    "old new mr mrs ms dr why yes no what when how who ok okay sure nothing none help hello hi "
    "thanks sorry nope never i it".split()
)
_PHONE = re.compile(
    r"(?:\bmy (?:phone|mobile|cell|telephone)(?: number)?(?: is|:)?|\bcall me (?:on|at)"
    r"|\bphone(?: number)?(?: is|:))\s*(?P<value>\+?\d[\d ()/.-]{6,20}\d)",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    rf"(?<![\w-])(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?: \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?![\w-])",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?<![\w.,])(?:[€$£][ ]?\d{1,6}(?:[.,]\d{3})*(?:[.,]\d{1,2})?"
    r"|\d{1,6}(?:[.,]\d{3})*(?:[.,]\d{1,2})?[ ]?(?:€|\$|£|euros?|eur|usd|gbp|dollars?|pounds?)\b)",
    re.IGNORECASE,
)
_TRIED = re.compile(
    r"\b(?:i|we)(?:['’]ve| have)?(?: already| also| even)? (?:tried(?: to)?|attempted to) "
    r"(?P<tried>[^.!?\n;]{4,200})"
    r"|\b(?:i|we)(?:['’]ve| have)? already (?P<done>(?:re)?(?:set|start|install|boot|charg|clean|"
    r"call|check|contact|descal|email|replac|updat|unplug|writ|wrot)\w*[^.!?\n;]{0,200})",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_ASKED_FOR = (
    ("order_number", re.compile(r"\border(?: number|'s number)?\b[^.!?]*\?|order number", re.I)),
    ("tracking_number", re.compile(r"tracking number", re.I)),
    ("invoice_number", re.compile(r"invoice number", re.I)),
    ("email", re.compile(r"e-?mail(?: address)?", re.I)),
    ("name", re.compile(r"\byour (?:full |first |last )?name\b", re.I)),
)
_CLAUSE_END = re.compile(
    r",? (?:but|and (?:it|that|nothing|still|now)|because|so (?:i|it))\b.*", re.I
)


def find(
    text: str, *, asked: str = "", products: Sequence[str] = (), known: Sequence[str] = ()
) -> tuple[Found, ...]:
    """The facts in a customer's message, in a set order, each once.

    `asked` is what the assistant or an agent said last; `products` are names that may be
    recognised; `known` are the kinds of facts that the conversation has already: only these can
    be corrected by a bare value.
    """
    text = _without_secrets(text)
    found = [
        *_numbers(text, asked, known),
        *_email(text, asked),
        *_name(text, asked),
        *_phone(text),
        *_product(text, products),
        *(Found("date", match.group().rstrip(".")) for match in _DATE.finditer(text)),
        *(Found("amount", flat(match.group())) for match in _AMOUNT.finditer(text)),
        *_tried(text),
    ]
    return tuple(dict.fromkeys(item for item in found if item.value))


def line(kind: str, value: str) -> str:
    """A fact as a memory holds it: "order number: NW-20418"."""
    return f"{kind.replace('_', ' ')}: {value}"


def has_number(text: str, lines: Sequence[str]) -> bool:
    """Whether a message, or a fact that is known already, says which order it is about."""
    if any(known.startswith(line(kind, "")) for known in lines for kind in NUMBERED):
        return True
    return any(found.kind in NUMBERED for found in find(text))


def same(one: str, other: str) -> bool:
    """Whether two values are the same but for spaces, dashes and case."""
    return key(one) == key(other)


def key(value: str) -> str:
    """A value as it is compared."""
    return re.sub(r"[\s–-]+", "", value).casefold()


def flat(text: str) -> str:
    return " ".join(text.split())[:VALUE_CHARS]


def _numbers(text: str, asked: str, known: Sequence[str]) -> Iterator[Found]:
    denied = _denied(text)
    corrects = bool(denied or _CORRECTION.search(text))
    seen: set[str] = set()
    for kind, value in _stated(text, asked):
        if key(value) not in seen and key(value) != key(denied):
            seen.add(key(value))
            yield Found(kind, value, corrects, denied)
    kind = next((item for item in NUMBERED if item in known), "")
    if seen or not corrects or not kind:
        return
    for match in _ANY_CODE.finditer(text):
        value = flat(match.group())
        if key(value) != key(denied) and (denied or _IT_IS.search(text[: match.start()])):
            yield Found(kind, value, True, denied)
            return


def _stated(text: str, asked: str) -> Iterator[tuple[str, str]]:
    """Numbers under their own name, in the shape of a code, or given when they were asked for."""
    for kind, pattern in _LED.items():
        for match in pattern.finditer(text):
            if _is_number_of(match, text):
                yield kind, flat(match["value"])
    for match in _BARE_CODE.finditer(text):
        before = text[: match.start()]
        if not _NO_ORDER_BEFORE.search(before) and not re.search(
            r"(?:tracking|invoice|receipt|parcel)[\w :#.]{0,20}$", before, re.IGNORECASE
        ):
            yield "order_number", match.group()
    wanted = asked_for(asked)
    if wanted in NUMBERED and len(text.split()) <= 12 and not _DATE.search(text):
        for match in list(_ANY_CODE.finditer(text))[:1]:
            if not _DENIED.search(text[: match.start()]):
                yield wanted, flat(match.group())


def _is_number_of(match: re.Match[str], text: str) -> bool:
    value, marked = match["value"], bool(match["mark"].strip() or match["is"].strip())
    if _NO_ORDER_BEFORE.search(text[: match.start("lead")] + " ") and not marked:
        return False
    if marked or not value.isdigit():
        return marked or not _TO_ORDER.match(match["before"])
    if len(value) < 4 or _TO_ORDER.match(match["before"]):
        return False
    if _PLURAL_AFTER.match(text[match.end() :]):  # "order 5000 lamps"
        return False
    return not re.fullmatch(r"(?:19|20)\d\d", value)


def _denied(text: str) -> str:
    """The value of "not NW-20418 but …"; empty where none is denied."""
    for match in _ANY_CODE.finditer(text):
        if _DENIED.search(text[: match.start()]):
            return flat(match.group())
    return ""


def asked_for(said: str) -> str:
    """The kind of fact that somebody asked the customer for; empty if none."""
    if "?" not in said and not re.search(r"\b(?:please|could you|add|give|tell)\b", said, re.I):
        return ""
    return next((kind for kind, pattern in _ASKED_FOR if pattern.search(said)), "")


def _email(text: str, asked: str) -> Iterator[Found]:
    found = list(_EMAIL.finditer(text))
    if len(found) != 1:
        return
    before = text[: found[0].start()]
    mine = _EMAIL_MINE.search(before) or asked_for(asked) == "email" or len(text.split()) <= 4
    if mine and not (_EMAIL_OTHER.search(before) and not _EMAIL_MINE.search(before)):
        yield Found("email", found[0].group().rstrip("."), bool(_CORRECTION.search(text)))


def _name(text: str, asked: str) -> Iterator[Found]:
    for match in _NAME.finditer(text):
        if name := _plain_name(match["name"], text[match.end() :]):
            yield Found("name", name, bool(_CORRECTION.search(text)))
            return
    words = re.findall(r"[^\W\d_][\w'’-]*", text)
    if asked_for(asked) == "name" and 1 <= len(words) <= 3 and words == text.strip(" .!").split():
        capital = [word for word in words if word[0].isupper() and word.lower() not in _NO_NAMES]
        if len(capital) == len(words):
            yield Found("name", " ".join(words))


def _plain_name(words: str, after: str) -> str:
    parts = words.split()
    kept: list[str] = []
    for part in parts:
        if part.lower() in _NO_NAMES or (kept and not part[0].isupper() and len(part) > 3):
            break
        kept.append(part)
    while kept and not kept[-1][0].isupper() and len(kept) > 1:
        kept.pop()
    if not kept or (parts and parts[0].lower() in _NO_NAMES):
        return ""
    if not kept[0][0].isupper():  # "my name is anna": only where the clause ends with it
        return kept[0] if not after.strip() or re.match(r"\s*(?:[.,!\n]|and\b)", after) else ""
    return flat(" ".join(kept))


def _phone(text: str) -> Iterator[Found]:
    if match := _PHONE.search(text):
        yield Found("phone", flat(match["value"]), bool(_CORRECTION.search(text)))


def _product(text: str, products: Sequence[str]) -> Iterator[Found]:
    if not products:
        return
    pattern, names = _product_pattern(tuple(products))
    found = {names[match.group().casefold()] for match in pattern.finditer(text)}
    if len(found) == 1:  # two products in one message: which one it is about is not known
        yield Found("product", found.pop())


@lru_cache(maxsize=4)
def _product_pattern(products: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    names = {name.casefold(): name for name in products if len(name) > 2}
    longest = sorted(names, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, longest)) or r"(?!)"
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE), names


def _tried(text: str) -> Iterator[Found]:
    for match in _TRIED.finditer(text):
        said = _CLAUSE_END.sub("", match["tried"] or match["done"])
        end = text[match.end() : match.end() + 1]
        if end != "?" and len(said.split()) >= 2:
            yield Found("tried", flat(said).rstrip(" ,"))


def _without_secrets(text: str) -> str:
    """The text without payment cards and account numbers."""
    text = _CARD.sub(lambda match: " " if _is_card(match.group()) else match.group(), text)
    return _IBAN.sub(" ", text)


def _is_card(text: str) -> bool:
    """Luhn's check."""
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
