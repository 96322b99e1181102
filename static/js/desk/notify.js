// What reaches an agent who looks elsewhere: the title's badge, and notifications of the browser
// for those who asked for them.

import { fill } from "../chat/dom.js";

const KEY = "portal.desk.notify";
const DISMISS_AFTER = 20_000;
/** What the queue on the page does not show by itself, whatever view is open. */
const ON_PAGE = new Set(["given", "late", "supervise", "wrote", "mention"]);

/** Whether an event concerns this person: [kind, conversation], or null. `supervises`: what has gone
 * to a supervisor is this person's business too; `follows`: the conversations they follow. Pure. */
export function concern(event, me, supervises = false, follows = new Set()) {
  const { row } = event;
  if (event.actor?.id === me) return null;
  const kinds = {
    "escalation.opened": () => "opened",
    "escalation.lost": () => "lost",
    "escalation.assigned": () => (row?.agent?.id === me ? "given" : null),
    "escalation.transferred": () => (row?.agent?.id === me ? "given" : null),
    "escalation.breached": () => (row?.agent?.id === me || (supervises && row?.supervisor) ? "late" : null),
    "escalation.supervised": () => (supervises ? "supervise" : null),
    "customer.wrote": () => (row?.agent?.id === me || follows.has(event.conversation) ? "wrote" : null),
    "note.added": () => (event.details?.mentions?.includes(me) ? "mention" : null),
  };
  const kind = kinds[event.event]?.() ?? null;
  return kind && [kind, event.conversation ?? row?.conversation];
}

export class Notifier {
  constructor({ button, strings, icon, open, say }) {
    Object.assign(this, { button, strings, icon, open, say });
    this.title = document.title;
    this.unseen = new Set();
    this.isOn = read() === "on" && globalThis.Notification?.permission === "granted";
    this.#show();
    button.hidden = !("Notification" in globalThis);
    button.addEventListener("click", () => this.#switch());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#clear();
    });
    window.addEventListener("focus", () => this.#clear());
  }

  async #switch() {
    if (this.isOn) return this.#set(false, this.strings.notifyOff);
    if (Notification.permission === "default") this.say(this.strings.notifyAsk);
    const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
    if (answer === "granted") this.#set(true, this.strings.notifyOn);
    else this.say(this.strings.notifyDenied);
  }

  #set(isOn, words) {
    this.isOn = isOn;
    try {
      localStorage.setItem(KEY, isOn ? "on" : "off");
    } catch {
      // holds for this page only
    }
    this.#show();
    this.say(words);
  }

  #show() {
    this.button.setAttribute("aria-pressed", String(this.isOn));
  }

  /** `isOpen`: the conversation is on the page. Whoever looks at the page reads it there. */
  tell(kind, event, isOpen) {
    const conversation = event.conversation ?? event.row?.conversation;
    if (!document.hidden && document.hasFocus()) {
      if (!isOpen && ON_PAGE.has(kind)) this.say(this.#words(kind, event), conversation);
      return;
    }
    this.unseen.add(`${kind} ${conversation}`);
    document.title = `(${this.unseen.size}) ${this.title}`;
    if (!this.isOn) return;
    // No words of the customer: a notification is shown on locked screens too.
    const note = new Notification(this.#words(kind, event), { tag: conversation, icon: this.icon });
    note.addEventListener("click", () => {
      window.focus();
      this.open(conversation);
      note.close();
    });
    setTimeout(() => note.close(), DISMISS_AFTER);
  }

  #words(kind, event) {
    const { strings } = this;
    const row = event.row ?? {};
    const topic = row.topic || strings.reasons[row.reason] || strings.visitor;
    const name = row.customer?.name || strings.visitor;
    return {
      opened: fill(strings.notifyOpened, { topic }),
      lost: fill(strings.notifyLost, { topic }),
      given: strings.notifyGiven,
      late: fill(strings.notifyLate, { topic }),
      supervise: fill(strings.notifySupervise, { topic }),
      wrote: fill(strings.notifyWrote, { name }),
      mention: fill(strings.notifyMention, { name: event.actor?.name ?? "" }),
    }[kind];
  }

  #clear() {
    if (!this.unseen.size) return;
    this.unseen.clear();
    document.title = this.title;
  }
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
