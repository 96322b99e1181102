// A short list above the editor: /shortcut for canned replies, @name for colleagues. The focus stays
// in the text; arrows move, Enter or Tab takes, Escape closes.

import { element } from "../chat/dom.js";

const SHOWN = 8;

/** The word before the caret if it begins with `sign`: {start, word}, or null. */
export function wordAtCaret(text, caret, sign) {
  const before = text.slice(0, caret);
  const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("\n")) + 1;
  if (before[start] !== sign || before.length - start > 40) return null;
  return { start, word: before.slice(start + 1) };
}

export class Picker {
  constructor({ list, text, strings, find }) {
    Object.assign(this, { list, text, strings, find });
    this.items = [];
    this.index = 0;
    this.asked = 0;
    this.onPick = () => {};
    list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the caret
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option?.dataset.index) this.#take(Number(option.dataset.index));
    });
    text.addEventListener("blur", () => this.close());
  }

  get isOpen() {
    return !this.list.hidden;
  }

  async look(sign) {
    const found = wordAtCaret(this.text.value, this.text.selectionStart, sign);
    const turn = ++this.asked;
    if (!found) return this.close();
    let items;
    try {
      items = await this.find(sign, found.word);
    } catch {
      return this.close(); // what could not be loaded is not offered
    }
    if (turn !== this.asked) return;
    this.items = items.slice(0, SHOWN);
    this.index = 0;
    this.start = found.start;
    this.sign = sign;
    this.#draw();
  }

  close() {
    this.asked += 1;
    this.list.hidden = true;
    this.items = [];
    this.text.removeAttribute("aria-activedescendant");
  }

  /** True: the key was for the list. */
  key(event) {
    if (!this.isOpen) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && this.items.length) {
      this.index = (this.index + steps[event.key] + this.items.length) % this.items.length;
      this.#draw();
    } else if ((event.key === "Enter" || event.key === "Tab") && this.items.length && !event.ctrlKey && !event.metaKey) {
      this.#take(this.index);
    } else if (event.key === "Escape") {
      this.close();
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #draw() {
    this.list.hidden = false;
    if (!this.items.length) {
      const none = this.sign === "@" ? this.strings.mentionNone : this.strings.cannedNone;
      this.list.replaceChildren(element("li", { role: "option", "aria-disabled": "true", class: "picker-none" }, none));
      return;
    }
    this.list.replaceChildren(
      ...this.items.map((item, index) =>
        element(
          "li",
          { role: "option", id: `option-${index}`, "data-index": index, "aria-selected": String(index === this.index) },
          element("b", {}, item.label),
          element("span", {}, item.hint),
        ),
      ),
    );
    this.text.setAttribute("aria-activedescendant", `option-${this.index}`);
  }

  #take(index) {
    const item = this.items[index];
    this.text.setRangeText(item.text, this.start, this.text.selectionStart, "end");
    this.close();
    this.onPick(item);
  }
}
