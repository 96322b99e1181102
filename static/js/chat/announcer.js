// Tells screen readers what happens, in whole sentences: a live region that changed with every
// token would stammer. Sentences are spoken as they are finished; the rest when the reply is done.

const SENTENCE_END = /[.!?…。！？؟](?=\s|$)|\n/g;
const KEEP = 12;

export class Announcer {
  constructor(region, prefix) {
    this.region = region;
    this.prefix = prefix;
    this.id = null;
    this.said = 0;
  }

  say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.region.append(line);
    while (this.region.children.length > KEEP) this.region.firstElementChild.remove();
  }

  clear() {
    this.region.replaceChildren();
  }

  /** The reply in progress, as far as it is written. */
  follow(draft) {
    this.#start(draft.id);
    const end = lastSentenceEnd(draft.text);
    if (end <= this.said) return;
    this.#sayPart(draft.text.slice(this.said, end));
    this.said = end;
  }

  /** A reply that is complete. */
  finish(message) {
    this.#start(message.id);
    this.#sayPart(message.text.slice(this.said));
    this.said = message.text.length;
  }

  #start(id) {
    if (this.id === id) return;
    this.id = id;
    this.said = 0;
  }

  #sayPart(part) {
    const words = part.replaceAll("**", "").trim();
    if (words) this.say(this.said === 0 ? `${this.prefix} ${words}` : words);
  }
}

/** The end of the last whole sentence. A full stop at the very end may be "3." of "3.50". */
export function lastSentenceEnd(text) {
  let end = 0;
  for (const match of text.matchAll(SENTENCE_END)) {
    const after = match.index + match[0].length;
    if (after < text.length) end = after;
  }
  return end;
}
