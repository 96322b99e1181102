// Search as you type for the right article: a combobox over the articles endpoint.

const PAUSE = 120;

export class Finder {
  constructor(node, address) {
    this.address = address;
    this.input = node.querySelector("[data-find]");
    this.list = node.querySelector("[data-found]");
    this.chosen = node.querySelector("[data-chosen]");
    this.number = 0; // of the last question; an older answer is dropped
    this.at = -1;
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[data-id]");
      if (option) this.take(option);
    });
  }

  typed() {
    this.chosen.value = "";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const words = this.input.value.trim();
    const number = ++this.number;
    if (!words) return this.close();
    const answer = await fetch(`${this.address}?q=${encodeURIComponent(words)}`).catch(() => null);
    const { articles } = answer?.ok ? await answer.json() : { articles: [] };
    if (number === this.number) this.show(articles);
  }

  show(articles) {
    this.list.replaceChildren(...articles.map((article, index) => {
      const option = document.createElement("li");
      option.id = `article-${index}`;
      option.role = "option";
      option.dataset.id = article.id;
      option.dataset.title = article.title;
      option.textContent = article.title;
      if (article.section) option.append(Object.assign(document.createElement("small"), { textContent: article.section }));
      return option;
    }));
    if (!articles.length) {
      this.list.append(Object.assign(document.createElement("li"), { textContent: this.list.dataset.nothing, className: "quiet" }));
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.move(0);
  }

  move(to) {
    const options = [...this.list.querySelectorAll("[data-id]")];
    if (!options.length) return;
    this.at = (to + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.at)));
    this.input.setAttribute("aria-activedescendant", options[this.at].id);
    options[this.at].scrollIntoView({ block: "nearest" });
  }

  pressed(event) {
    if (this.list.hidden) {
      if (event.key === "Enter" && !event.ctrlKey) event.preventDefault(); // an unfinished search saves nothing
      return;
    }
    const keys = {
      ArrowDown: () => this.move(this.at + 1),
      ArrowUp: () => this.move(this.at - 1),
      Enter: () => this.take(this.list.querySelectorAll("[data-id]")[this.at]),
      Escape: () => this.close(),
    };
    if (!keys[event.key] || event.ctrlKey) return;
    event.preventDefault();
    keys[event.key]();
  }

  take(option) {
    if (!option) return;
    this.chosen.value = option.dataset.id;
    this.input.value = option.dataset.title;
    this.close();
    this.input.blur();
  }

  close() {
    this.number++;
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
