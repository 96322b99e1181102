"""Which language is a message in? By its little words; honest about not knowing.

Pure. Only what is plain counts: at least two different little words of a language, more than of
English and of any other. A short message, a name or a number is no language.
"""

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LITTLE: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and is are was you your my i it of to in for on with that this have has do does "
        "can how what when where why not be will would from at an if or but we they me please",
        "de": "ich und der die das ist nicht mein meine meinen eine einen wie wann warum kann "
        "können bitte habe haben mit für auf von zu wird werden noch wo ihr sie wir bei oder aber "
        "muss möchte kein keine zurück dem den des auch schon",
        "nl": "ik en het een van niet mijn hoe wanneer waarom kan kunnen jullie graag heb hebben "
        "met voor op bij wordt worden nog waar zijn maar moet wil geen terug ook dat deze naar",
        "fr": "je et le la les un une des est sont mon ma mes comment quand pourquoi pas vous nous "
        "puis peux avec pour sur dans du au aux que qui j'ai c'est n'ai où ou mais votre bonjour",
        "es": "yo y el la los las un una es son mi mis cómo como cuándo cuando por qué con para "
        "en de del al que puedo quiero tengo está están hola dónde pero su mucho gracias",
        "it": "io e il lo la gli le un una è sono mio mia miei come quando perché non con per su "
        "di del della che posso vorrei ho hai dove ma vostro ciao quanto sia ordine",
        "pt": "eu os um uma é são meu minha como quando porque não com para em da dos "
        "das que posso quero tenho está onde mas seu olá quanto você",
        "pl": "ja i jest nie mój moja moje jak kiedy dlaczego czy mogę proszę mam z na do w się "
        "gdzie ale oraz że to chcę zwrócić dla od po przez będzie",
        "sv": "jag och är inte min mitt mina hur när varför kan ni vi med för på av till har som "
        "det den ett var men vill tack hej från om",
        "da": "jeg og er ikke min mit mine hvordan hvornår hvorfor kan vi med på af til har "
        "som det den et hvor men vil tak hej fra om",
    }.items()
}
_SCRIPTS = (
    ("ar", re.compile(r"[\u0600-\u06ff]{2,}")),
    ("he", re.compile(r"[\u0590-\u05ff]{2,}")),
    ("ru", re.compile(r"[\u0400-\u04ff]{2,}")),
    ("el", re.compile(r"[\u0370-\u03ff]{2,}")),
    ("ja", re.compile(r"[\u3040-\u30ff]{2,}")),
    ("ko", re.compile(r"[\uac00-\ud7af]{2,}")),
    ("zh", re.compile(r"[\u4e00-\u9fff]{2,}")),
)
LEAST_WORDS = 2


def detect(text: str) -> str:
    """A language code, or "" where it is not plain."""
    for code, script in _SCRIPTS:
        if sum(map(len, script.findall(text))) * 2 > len(re.sub(r"[\W\d_]+", "", text)):
            return code
    said = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    counts = {code: len(little.intersection(said)) for code, little in _LITTLE.items()}
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    second = max(count for code, count in counts.items() if code != best)
    plain = counts[best] >= LEAST_WORDS and counts[best] > second
    return best if plain else ""


#: "I cannot answer in this language yet; I have asked a colleague to write to you here."
HAND_OVER: dict[str, str] = {
    "de": "Leider kann ich auf Deutsch noch nicht antworten. Ich habe eine Kollegin oder einen "
    "Kollegen gebeten, Ihnen hier zu schreiben.",
    "nl": "Helaas kan ik nog niet in het Nederlands antwoorden. Ik heb een collega gevraagd u hier "
    "te schrijven.",
    "fr": "Je ne peux malheureusement pas encore répondre en français. J'ai demandé à une personne "
    "de notre équipe de vous écrire ici.",
    "es": "Lamentablemente todavía no puedo responder en español. He pedido a una persona de "
    "nuestro equipo que le escriba aquí.",
    "it": "Purtroppo non posso ancora rispondere in italiano. Ho chiesto a una persona del nostro "
    "team di scriverle qui.",
    "pt": "Infelizmente ainda não consigo responder em português. Pedi a uma pessoa da nossa "
    "equipa que lhe escreva aqui.",
    "pl": "Niestety nie potrafię jeszcze odpowiadać po polsku. Poprosiłem osobę z naszego zespołu, "
    "aby napisała do Państwa tutaj.",
    "sv": "Tyvärr kan jag inte svara på svenska än. Jag har bett en kollega att skriva till dig "
    "här.",
    "da": "Jeg kan desværre ikke svare på dansk endnu. Jeg har bedt en kollega om at skrive til "
    "dig her.",
}
ENGLISH_HAND_OVER = (
    "I can only answer in English for now. I have asked a colleague, who will write to you here."
)


def hand_over(code: str) -> str:
    """The hand-over in the customer's language where it is known, else in English."""
    return HAND_OVER.get(code, ENGLISH_HAND_OVER)
