"""Greetings, thanks and goodbyes in other languages, and the reply to each in its own.

Pure. Only words that belong to one language tell it; "hej", "ciao" and "tak" (thanks in
Danish, yes in Polish) are not. Who greets in a language in which no article is written is told
what happens then: see language.hand_over.
"""

import re

_WORD = re.compile(r"[^\W\d_]+")
_TELLING: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "de": "danke dankeschön vielen besten guten servus moin tschüss wiedersehen schönen",
        "nl": "bedankt dankjewel hoi goedemorgen goedemiddag goedenavond doei ziens hartelijk",
        "fr": "merci bonjour bonsoir salut beaucoup revoir",
        "es": "gracias hola buenos buenas adiós muchas",
        "it": "grazie buongiorno buonasera arrivederci mille",
        "pt": "obrigado obrigada olá bom boa",
        "pl": "dziękuję cześć",
        "sv": "tack hejdå",
        "da": "mange",
    }.items()
}
REPLIES: dict[str, dict[str, str]] = {
    "greeting": {
        "de": "Guten Tag! Schreiben Sie mir Ihre Frage. Kann ich sie auf Deutsch nicht "
        "beantworten, gebe ich sie an unser Team weiter.",
        "nl": "Hallo! Schrijf mij uw vraag. Kan ik die niet in het Nederlands beantwoorden, dan "
        "geef ik haar door aan ons team.",
        "fr": "Bonjour ! Écrivez-moi votre question. Si je ne peux pas y répondre en français, je "
        "la transmets à notre équipe.",
        "es": "¡Hola! Escríbame su pregunta. Si no puedo responderla en español, la paso a nuestro "
        "equipo.",
        "it": "Buongiorno! Mi scriva la sua domanda. Se non posso rispondere in italiano, la passo "
        "al nostro team.",
        "pt": "Olá! Escreva-me a sua pergunta. Se não puder responder em português, passo-a à "
        "nossa equipa.",
        "pl": "Dzień dobry! Proszę napisać pytanie. Jeśli nie odpowiem po polsku, przekażę je "
        "naszemu zespołowi.",
        "sv": "Hej! Skriv din fråga. Kan jag inte svara på svenska lämnar jag den till vårt team.",
        "da": "Hej! Skriv dit spørgsmål. Kan jeg ikke svare på dansk, giver jeg det videre til "
        "vores team.",
    },
    "thanks": {
        "de": "Gern geschehen. Kann ich sonst noch etwas für Sie tun?",
        "nl": "Graag gedaan. Kan ik nog iets voor u doen?",
        "fr": "Je vous en prie. Puis-je faire autre chose pour vous ?",
        "es": "De nada. ¿Puedo ayudarle en algo más?",
        "it": "Prego. Posso fare altro per lei?",
        "pt": "De nada. Posso ajudar em mais alguma coisa?",
        "pl": "Nie ma za co. Czy mogę jeszcze w czymś pomóc?",
        "sv": "Varsågod. Kan jag hjälpa till med något mer?",
        "da": "Selv tak. Kan jeg hjælpe med andet?",
    },
    "goodbye": {
        "de": "Auf Wiedersehen, und danke für Ihre Nachricht.",
        "nl": "Tot ziens, en bedankt voor uw bericht.",
        "fr": "Au revoir, et merci de nous avoir écrit.",
        "es": "Adiós, y gracias por escribirnos.",
        "it": "Arrivederci, e grazie di averci scritto.",
        "pt": "Até à próxima, e obrigado por nos escrever.",
        "pl": "Do widzenia i dziękujemy za wiadomość.",
        "sv": "Hej då, och tack för att du skrev till oss.",
        "da": "Farvel, og tak for din besked.",
    },
}


def reply(kind: str, text: str) -> str:
    """The reply to a courtesy in the language of its words; "" where they are of none, or two."""
    said = {word.lower() for word in _WORD.findall(text)}
    codes = [code for code, words in _TELLING.items() if words & said]
    return REPLIES.get(kind, {}).get(codes[0], "") if len(codes) == 1 else ""
