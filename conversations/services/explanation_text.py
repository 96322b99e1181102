"""An explanation as text for a terminal: one block a step, numbers in columns."""

from collections.abc import Iterator
from typing import Any

Told = dict[str, Any]


def as_text(told: Told) -> str:
    """The same as the JSON, to be read."""
    return "\n".join([*_head(told), *_search(told), *_weighing(told), *_end(told)])


def _head(told: Told) -> Iterator[str]:
    yield f"Question   {told['question']}"
    if told["history"]:
        yield f"           after {len(told['history'])} messages"
    kind = told["kind"]
    yield f"Kind       {kind['kind']}{'' if kind['searches'] else ' (no search by itself)'}"
    for part in kind["parts"]:
        yield f"           part: {part}"


def _search(told: Told) -> Iterator[str]:
    if "query" not in told:
        return
    query, candidates = told["query"], told["candidates"]
    for place, text in enumerate(query["texts"]):
        yield f"{'Searched' if not place else '':11}{' '.join(text.split())[:110]}"
    for typed, meant in query["mended"].items():
        yield f"           {typed} read as {meant}"
    for subject in query["subjects"]:
        yield f"           subject {subject['name']} ({subject['weight']})"
    if not query["by_meaning"]:
        yield "           by words only: the embedding model is out of reach"
    found = ", ".join(map(_word, query["words"]))
    yield f"Words      {found or 'none that an article has'}"
    yield f"Candidates {candidates['passages']} passages; the nearest:"
    for hit in candidates["nearest"][:5]:
        yield f"           {_number(hit['cosine'])}  {hit['article'][:28]:28}  {hit['text'][:60]}"
    yield "Ranking    score, and what adds to it (value x weight)"
    for article in told["ranking"]:
        yield f"  {_number(article['score'])}  {article['article']}: {article['title'][:60]}"
        parts = sorted(article["evidence"].items(), key=lambda item: -abs(item[1]["adds"]))
        for name, item in parts[:6]:
            yield f"{'':12}{item['adds']:+8.3f}  {name} = {item['value']} x {item['weight']}"


def _weighing(told: Told) -> Iterator[str]:
    weighing = told.get("weighing")
    if not weighing:
        return
    yield "Features   what each adds to the log-odds"
    yield f"{'':12}{weighing['intercept']:+8.3f}  to begin with"
    for name, item in weighing["features"].items():
        if item["adds"]:
            yield f"{'':12}{item['adds']:+8.3f}  {name} = {item['value']}"
    yield f"{'':12}{weighing['log_odds']:+8.3f}  in all: a chance of {weighing['confidence']}"
    guarantee = weighing["guarantee"]
    threshold = weighing["threshold"]
    yield (
        f"Threshold  {threshold if threshold is not None else 'none'}: at most "
        f"{guarantee['wrong_at_most']:.1%} wrong, with {guarantee['with_confidence']:.0%}  "
        f"confidence ({guarantee['calibration']})"
    )
    yield (
        f"           one of the best three: {weighing['among_best_three']}; asks back from "
        f"{weighing['asks_back_from']}"
    )


def _end(told: Told) -> Iterator[str]:
    decision = told["decision"]
    yield f"Decision   {decision['action']} ({decision['reason']}): {decision['rule']}"
    for article in decision["articles"]:
        yield f"           {article['id']} revision {article['revision']}: {article['title']}"
    for choice in decision["choices"]:
        yield f"           choice: {choice}"
    if decision["reply"]:
        yield f"           says: {decision['reply']}"
    for row in told.get("answer", {}).get("sentences", ()):
        verdict = "supported" if row["supported"] else f"refused: {row['because']}"
        yield f"Quotes     [{row['source']}] {_number(row['cosine'])}  {verdict}"
        yield f"           {' '.join(row['text'].split())[:140]}"


def _word(word: Told) -> str:
    typed = f", typed {word['typed']}" if word["typed"] else ""
    return f"{word['lexeme']} ({word['articles']}{typed})"


def _number(value: float | None) -> str:
    return "     –" if value is None else f"{value:6.3f}"
