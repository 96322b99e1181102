// The message box: grows with its text, sends with Enter, says when the text is too long.

const WARN_FROM = 0.9;

export class Composer {
  /** @param {{form, limit, strings, onSend, onStop, onType}} options */
  constructor({ form, count, limit, onSend, onStop, formatCount }) {
    this.form = form;
    this.text = form.querySelector("textarea");
    this.sendButton = form.querySelector("[data-send]");
    this.stopButton = form.querySelector("[data-stop]");
    this.count = count;
    this.limit = limit;
    this.onSend = onSend;
    this.formatCount = formatCount;
    this.generatingSince = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.text.addEventListener("input", () => this.update());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.stopButton.addEventListener("click", () => {
      // Where Send was a moment ago: the second click of a double click is not a wish to stop.
      if (Date.now() - this.generatingSince > 400) onStop();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.generatingSince && !document.querySelector("dialog[open]")) {
        onStop();
      }
    });
    this.update();
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  put(text) {
    this.text.value = text;
    this.update();
    this.focus();
  }

  setGenerating(isGenerating) {
    if (Boolean(this.generatingSince) === isGenerating) return;
    this.generatingSince = isGenerating ? Date.now() : 0;
    if (!isGenerating && document.activeElement === this.stopButton) this.focus();
    this.update();
  }

  update() {
    const points = [...this.text.value].length;
    const isBlank = !this.text.value.trim();
    this.sendButton.disabled = isBlank || points > this.limit;
    this.stopButton.hidden = !this.generatingSince;
    this.sendButton.hidden = Boolean(this.generatingSince) && isBlank;
    this.count.hidden = points < this.limit * WARN_FROM;
    this.count.textContent = this.count.hidden ? "" : this.formatCount(points, this.limit);
    this.count.toggleAttribute("data-over", points > this.limit);
    this.text.setAttribute("aria-invalid", String(points > this.limit));
    this.#grow();
  }

  #grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
  }

  #key(event) {
    const isPlainEnter = event.key === "Enter" && !event.shiftKey && !event.altKey;
    if (!isPlainEnter || event.isComposing) return; // Enter of an input method picks a word
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.text.value.trim();
    if (!text || [...text].length > this.limit) return;
    this.text.value = "";
    this.update();
    this.focus();
    this.onSend(text);
  }
}
