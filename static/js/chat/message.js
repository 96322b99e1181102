// One message of the transcript as an element, and its changes.
// A model's or a person's words reach the page as text, or as the HTML that the server sanitised.

import { element, fill, icon } from "./dom.js";
import { renderStreaming } from "./markup.js";

const AUTHOR_ICONS = { assistant: "chat", agent: "person" };

/** `on` holds the callbacks rate(id, score), choose(value), retry(clientId), edit(clientId). */
export class MessageView {
  constructor(strings, on) {
    this.strings = strings;
    this.on = on;
    this.time = new Intl.DateTimeFormat(document.documentElement.lang, {
      dateStyle: "medium",
      timeStyle: "short",
    });
  }

  customer(message) {
    const node = this.#shell("customer");
    node.append(
      element("p", { class: "message-text", dir: "auto" }, message.text),
      element("p", { class: "message-state" }),
    );
    node.prepend(element("span", { class: "sr-only" }, this.strings.you));
    return node;
  }

  /** A pending message: its words, and how it stands with them. */
  updatePending(node, item, isOnline) {
    const state = node.querySelector(".message-state");
    const isFailed = item.state === "failed";
    node.classList.toggle("message-failed", isFailed && item.code !== "offline");
    const key = `${item.state}|${item.detail}|${isOnline}`;
    if (node.stateKey === key) return;
    node.stateKey = key;
    state.replaceChildren();
    if (!isFailed) {
      state.append(this.strings.sending);
      return;
    }
    state.append(item.code === "offline" ? this.strings.notSentYet : this.strings.notSent);
    if (item.detail) state.append(` ${item.detail}`);
    if (!["too_long", "empty"].includes(item.code)) {
      state.append(this.#action(this.strings.retry, () => this.on.retry(item.clientId)));
    }
    state.append(this.#action(this.strings.edit, () => this.on.edit(item.clientId)));
  }

  settleCustomer(node, message) {
    if (node.isSettled) return;
    node.isSettled = true;
    node.classList.remove("message-failed");
    node.querySelector(".message-state").replaceChildren();
    this.#stamp(node, message);
  }

  /** The reply in progress. Its foot has the height of the final one, so that nothing moves. */
  draft() {
    const node = this.#shell("assistant");
    node.classList.add("message-streaming");
    node.setAttribute("aria-busy", "true");
    node.append(
      this.#author("assistant", this.strings.assistant),
      element("div", { class: "message-text prose", dir: "auto" }),
      element("div", { class: "message-foot" }, this.#dots(), element("span", { class: "stage" })),
    );
    node.bornAt = Date.now();
    return node;
  }

  updateDraft(node, draft) {
    renderStreaming(node.querySelector(".message-text"), draft?.text ?? "");
    const stage = node.querySelector(".stage");
    const words = this.#stageWords(node, draft);
    if (stage.textContent !== words) stage.textContent = words;
  }

  #stageWords(node, draft) {
    if (draft?.text) return "";
    if (Date.now() - node.bornAt > 15_000) return this.strings.slow;
    return this.strings[draft?.stage] ?? "";
  }

  /** Turn `node` (a draft's element, or a fresh one) into the final message. */
  settle(node, message) {
    node ??= this.#shell(message.author);
    node.classList.remove("message-streaming");
    node.removeAttribute("aria-busy");
    const text = element("div", { class: "message-text prose", dir: "auto" });
    this.#fillText(text, message);
    node.replaceChildren();
    if (message.author !== "system") {
      const name = message.author === "agent" ? message.name || this.strings.agent : this.strings.assistant;
      node.append(this.#author(message.author, name));
    }
    node.append(text);
    if (message.stopped) {
      const words = this.strings.stoppedBy[message.stopped_by] ?? this.strings.stoppedBy.customer;
      node.append(element("p", { class: "stopped" }, words));
    }
    if (message.author === "assistant") node.append(this.#foot(message));
    this.#stamp(node, message);
    return node;
  }

  #fillText(container, message) {
    if (message.html) {
      const template = document.createElement("template");
      template.innerHTML = message.html; // sanitised by the server, see portal/core/markdown.py
      for (const link of template.content.querySelectorAll("a[href]")) link.target = "_blank";
      container.append(template.content);
    } else {
      renderStreaming(container, message.text);
    }
  }

  #foot(message) {
    const foot = element("div", { class: "message-foot" });
    if (message.citations?.length) foot.append(this.#sources(message.citations));
    const isAnswer = !message.decision || message.decision === "answer";
    if (isAnswer && message.text) foot.append(this.#feedback(message));
    return foot;
  }

  #sources(citations) {
    const list = element("ul", { class: "sources", "aria-label": this.strings.sources });
    const known = new Set();
    for (const { title, url } of citations) {
      if (known.has(url)) continue;
      known.add(url);
      const isLink = url.startsWith("/") ? !/^\/[/\\]/.test(url) : /^https?:\/\//.test(url);
      const name = element("span", {}, title);
      const link = element(
        "a",
        { href: isLink ? url : null, target: "_blank", rel: "noopener", dir: "auto" },
        icon("article"),
        name,
        element("span", { class: "sr-only" }, this.strings.newTab),
      );
      list.append(element("li", {}, link));
    }
    return list;
  }

  #feedback(message) {
    const group = element("div", {
      class: "feedback",
      role: "group",
      "aria-label": this.strings.wasHelpful,
    });
    for (const [score, name, label] of [
      [1, "up-thumb", this.strings.helpful],
      [-1, "down-thumb", this.strings.notHelpful],
    ]) {
      const button = element(
        "button",
        { type: "button", class: "button button-quiet button-icon", "data-score": score, "aria-label": label, title: label },
        icon(name),
      );
      button.addEventListener("click", () => this.on.rate(message.id, score));
      group.append(button);
    }
    return group;
  }

  updateRating(node, message) {
    for (const button of node.querySelectorAll("[data-score]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.score) === message.rating));
    }
  }

  /** Choices are offered under the last message only; of an older question stays what was offered. */
  updateChoices(node, message, isLast) {
    const shown = node.querySelector(".choices");
    const isWanted = isLast && message.choices?.length > 0;
    if (shown && shown.matches(".choices-past") !== isWanted) return;
    shown?.remove();
    if (!message.choices?.length) return;
    const list = isWanted ? this.#choices(message) : this.#pastChoices(message);
    node.querySelector(".message-text").after(list);
  }

  #choices(message) {
    const list = element("div", { class: "choices", role: "group", "aria-label": this.strings.choices });
    for (const choice of message.choices) {
      const button = element("button", { type: "button", class: "button" }, choice.label);
      button.addEventListener("click", () => this.on.choose(choice.value ?? choice.label));
      list.append(button);
    }
    return list;
  }

  #pastChoices(message) {
    const named = message.choices.filter((choice) => choice.article !== null);
    const items = named.map((choice) => element("li", {}, choice.label));
    return element("ul", { class: "choices choices-past", "aria-label": this.strings.choices }, ...items);
  }

  #shell(author) {
    return element("li", { class: `message message-${author}` });
  }

  #author(kind, name) {
    return element("p", { class: "message-author" }, icon(AUTHOR_ICONS[kind]), name);
  }

  #dots() {
    const dots = ["i", "i", "i"].map((tag) => element(tag));
    return element("span", { class: "dots", "aria-hidden": "true" }, ...dots);
  }

  #action(label, act) {
    const button = element("button", { type: "button", class: "button button-quiet" }, label);
    button.addEventListener("click", act);
    return button;
  }

  #stamp(node, message) {
    const date = new Date(message.created_at);
    if (!Number.isNaN(date.valueOf())) node.title = fill(this.strings.at, { time: this.time.format(date) });
  }
}
