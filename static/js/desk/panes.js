// Which pane is seen: all three on a wide screen, one on a phone. The address says what is open, so
// the browser's Back leads from a conversation to the queue.

const NARROW = window.matchMedia("(max-width: 52rem)");
const UUID = /^#\/([0-9a-f-]{36})$/;

export class Panes {
  constructor({ part, onOpen }) {
    this.panes = part("panes");
    this.conversation = part("conversation");
    this.factsPane = part("facts");
    this.factsButton = part("close-facts");
    this.onOpen = onOpen;
    window.addEventListener("hashchange", () => this.#read());
    this.factsButton.addEventListener("click", () => this.facts(false));
    this.factsPane.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.facts(false);
    });
  }

  start() {
    this.#read();
  }

  open(id) {
    if (location.hash === `#/${id}`) this.#read();
    else location.hash = `#/${id}`;
  }

  close() {
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    this.#read();
  }

  /** To the queue. On a wide screen only the focus goes there. */
  back(then = () => {}) {
    this.#show("queue");
    if (NARROW.matches && location.hash) {
      history.replaceState(null, "", location.pathname + location.search);
      this.onOpen(null);
    }
    then();
  }

  facts(isOpen) {
    if (!isOpen && this.panes.dataset.pane !== "facts") return;
    this.#show(isOpen ? "facts" : "conversation");
    if (isOpen) this.factsPane.focus();
    else this.conversation.focus({ preventScroll: true });
  }

  #read() {
    const found = UUID.exec(location.hash)?.[1] ?? null;
    this.onOpen(found);
    this.#show(found ? "conversation" : "queue");
    if (found && NARROW.matches) this.conversation.focus({ preventScroll: true });
  }

  #show(name) {
    this.panes.dataset.pane = name;
  }
}
