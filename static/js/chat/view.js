// Draws the state. Every message has one element for life: a pending message becomes the accepted
// one, the reply in progress becomes the final one, and nothing is drawn twice.

import { fill } from "./dom.js";
import { MessageView } from "./message.js";
import { isEmpty, isGenerating } from "./transcript.js";

const DRAFT = "draft";

export class View {
  constructor(parts, strings, on) {
    this.parts = parts;
    this.strings = strings;
    this.messages = new MessageView(strings, on);
    this.notice = parts.notice.textContent;
    this.nodes = new Map();
  }

  /** `connection` is idle | connecting | online | offline. */
  render(state, connection) {
    const order = [];
    this.#renderDurable(state, order);
    for (const item of state.pending) {
      const node = this.#node(item.clientId, () => this.messages.customer(item));
      this.messages.updatePending(node, item, connection === "online");
      order.push(item.clientId);
    }
    if (isGenerating(state)) {
      const node = this.#node(DRAFT, () => this.messages.draft());
      this.messages.updateDraft(node, state.draft);
      order.push(DRAFT);
    }
    this.#place(order);
    this.#renderFrame(state, connection);
  }

  #renderDurable(state, order) {
    const last = state.pending.length === 0 && !isGenerating(state) ? lastSpoken(state) : null;
    for (const message of state.messages) {
      const key = message.clientId ?? message.id;
      order.push(key);
      if (message.author === "customer") {
        const node = this.#node(key, () => this.messages.customer(message));
        this.messages.settleCustomer(node, message);
        continue;
      }
      const node = this.#node(key, () => this.messages.settle(this.#takeDraft(message), message));
      if (node.shown !== message) this.messages.updateRating(node, message);
      node.shown = message;
      if (message.choices) this.messages.updateChoices(node, message, message === last);
    }
  }

  #takeDraft(message) {
    if (message.author !== "assistant") return null;
    const node = this.nodes.get(DRAFT) ?? null;
    this.nodes.delete(DRAFT);
    return node;
  }

  #node(key, make) {
    let node = this.nodes.get(key);
    if (!node) {
      node = make();
      this.nodes.set(key, node);
    }
    return node;
  }

  /** Put the elements in order; those in their place are not touched, so focus stays. */
  #place(order) {
    const list = this.parts.messages;
    const wanted = new Set(order);
    for (const [key, node] of this.nodes) {
      if (wanted.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    order.forEach((key, index) => {
      const node = this.nodes.get(key);
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
  }

  #renderFrame(state, connection) {
    const { parts } = this;
    parts.welcome.hidden = !isEmpty(state);
    parts.messages.hidden = isEmpty(state);
    parts.restart.hidden = isEmpty(state);
    parts.person.hidden = ["waiting", "with_agent"].includes(state.status);
    parts.notice.textContent = state.status === "with_agent" ? this.strings.withAgentNotice : this.notice;
    this.#renderConnection(connection);
    this.#renderStatus(state, connection);
  }

  #renderConnection(connection) {
    const { connection: label } = this.parts;
    label.hidden = connection === "idle";
    if (label.dataset.state === connection) return;
    label.dataset.state = connection;
    label.querySelector("span").textContent = this.strings[connection] ?? "";
  }

  #renderStatus(state, connection) {
    const { status } = this.parts;
    const words = this.#statusWords(state, connection);
    status.hidden = !words;
    status.dataset.tone = connection === "offline" ? "warn" : "calm";
    if (status.textContent !== words) status.textContent = words;
  }

  #statusWords(state, connection) {
    if (connection === "offline") return this.strings.offlineStatus;
    if (state.status === "waiting" && state.queuePosition) {
      return fill(this.strings.waitingAt, { n: state.queuePosition });
    }
    if (state.status === "with_agent" && state.agentName) {
      return fill(this.strings.withAgent, { name: state.agentName });
    }
    return { ...this.strings.statuses }[state.status] ?? "";
  }
}

function lastSpoken(state) {
  return state.messages.filter((message) => message.author !== "system").at(-1) ?? null;
}
