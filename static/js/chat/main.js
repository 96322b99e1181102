// Joins the parts: the state (transcript.js), the socket, the page.

import { Announcer } from "./announcer.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { fill } from "./dom.js";
import { PeopleView } from "./people.js";
import { Follower } from "./scroll.js";
import * as storage from "./storage.js";
import * as transcript from "./transcript.js";
import { View } from "./view.js";

const NOT_SENT_AFTER = 4_000; // without a connection: say so
const NO_ANSWER_AFTER = 10_000; // with one: it is dead, try a new one

const config = JSON.parse(document.getElementById("chat-config").textContent);
const { strings } = config;
const part = (name) => document.querySelector(`[data-${name}]`);
const parts = {
  messages: part("messages"),
  welcome: part("welcome"),
  status: part("status"),
  connection: part("connection"),
  restart: part("restart"),
  person: part("person"),
  notice: part("notice"),
};

const hasFinePointer = window.matchMedia("(pointer: fine)").matches;
let state = transcript.emptyState();
let wantsPerson = false;
let isDrawing = false;
let toastTimer = 0;
let seenSeq = 0;
const sentAt = new Map(); // clientId -> when its present try began

const announcer = new Announcer(part("announcer"), strings.assistantSays);
const follower = new Follower(part("scroller"), part("scroller").firstElementChild, part("jump"));
const connection = new Connection({
  createUrl: config.createUrl,
  lastSeq: () => state.lastSeq,
  isGenerating: () => transcript.isGenerating(state),
  newest: (conversation) => {
    const kept = storage.loadConversation();
    return kept?.id === conversation.id ? kept : conversation;
  },
});
const view = new View(parts, strings, {
  rate: (id, score) => {
    if (!connection.send({ type: "reply.rate", message: id, score })) return toast(strings.offline);
    update(transcript.rate(state, id, score));
    return toast(score > 0 ? strings.thanks : strings.thanksAnyway);
  },
  choose: (value) => sendByButton(value),
  retry: (clientId) => {
    sentAt.set(clientId, Date.now());
    update(transcript.retry(state, clientId));
    if (!sendPending(clientId)) connection.ensure();
  },
  edit: (clientId) => {
    const item = state.pending.find((pending) => pending.clientId === clientId);
    update(transcript.discard(state, clientId));
    if (item) composer.put(item.text);
  },
});
const composer = new Composer({
  form: part("composer"),
  count: part("count"),
  limit: config.limit,
  onSend: send,
  onStop: () => connection.send({ type: "reply.stop" }),
  formatCount: (used, limit) => fill(strings.count, { used: number(used), limit: number(limit) }),
});

const ask = (frame) => connection.send(frame) || toast(strings.offline);
const people = new PeopleView({
  contact: part("contact"),
  survey: part("survey"),
  typing: part("agent-typing"),
  strings,
  fill,
  on: {
    contact: (email) => ask({ type: "contact.leave", email }),
    solved: (solved) => ask({ type: "resolution.answer", solved }),
    rate: (score, comment) => ask({ type: "conversation.rate", score, comment }),
  },
});

function number(value) {
  return value.toLocaleString(document.documentElement.lang);
}

function update(next) {
  if (next.pending !== state.pending) storage.keepOutbox(next.pending);
  state = next;
  if (isDrawing) return;
  isDrawing = true;
  // Frames of hidden pages are not drawn by the browser; a timer is, and keeps the title right.
  if (document.hidden) setTimeout(draw);
  else requestAnimationFrame(draw);
}

function draw() {
  isDrawing = false;
  view.render(state, connection.state);
  people.render(state);
  composer.setGenerating(transcript.isGenerating(state));
  if (state.draft) announcer.follow(state.draft);
  follower.keep();
  tellSeen();
}

/** Where somebody reads a person's words here, they need not go out by e-mail. */
function tellSeen() {
  const spoken = state.messages.findLast((message) => message.author === "agent");
  if (document.hidden || !spoken || spoken.seq <= seenSeq) return;
  if (connection.send({ type: "seen", seq: state.lastSeq })) seenSeq = state.lastSeq;
}

function send(text) {
  const clientId = newId();
  sentAt.set(clientId, Date.now());
  update(transcript.addPending(state, clientId, text));
  follower.toEnd();
  if (!sendPending(clientId)) connection.ensure();
}

/** The pressed button goes away; a keyboard's focus must not go with it, a phone's must not come. */
function sendByButton(text) {
  send(text);
  if (hasFinePointer) composer.focus();
}

function sendPending(clientId) {
  const item = state.pending.find((pending) => pending.clientId === clientId);
  if (!item || connection.state !== "online") return false;
  sentAt.set(clientId, Date.now());
  return connection.send({ type: "message.send", client_id: clientId, text: item.text });
}

/** The server asked for a pause: the message stays as it is and goes out by itself after it. */
function sendLater(clientId, seconds) {
  setTimeout(() => {
    const item = state.pending.find((pending) => pending.clientId === clientId);
    if (item?.code !== "slow_down") return; // sent, edited or taken back meanwhile
    update(transcript.retry(state, clientId));
    if (!sendPending(clientId)) connection.ensure();
  }, seconds * 1_000);
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http on a name other than localhost has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function toast(text) {
  const node = part("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), 6_000);
}

function askForPerson() {
  wantsPerson = true;
  if (connection.send({ type: "human.request" })) wantsPerson = false;
  else connection.ensure();
  follower.toEnd();
}

function startOver() {
  connection.close();
  storage.keepConversation(null);
  sentAt.clear();
  wantsPerson = false;
  announcer.clear();
  update(transcript.emptyState());
  composer.put("");
}

/** What a frame says to ears and as a passing note; the rest is in the state. */
function heed(frame, before) {
  if (frame.type === "error" && !frame.client_id) toast(frame.detail);
  if (frame.code === "slow_down" && frame.client_id) sendLater(frame.client_id, frame.retry_after);
  if (frame.type === "agent.typing") people.type(frame.name);
  if (frame.message?.author === "agent") people.rest();
  if (frame.type === "conversation.rated") toast(strings.thanks);
  if (!frame.message || state.lastSeq === before.lastSeq || isReplaying) return;
  if (frame.message.author === "assistant") announcer.finish(frame.message);
  else if (frame.message.author !== "customer") announcer.say(frame.message.text);
}

let isReplaying = Boolean(storage.loadConversation());

connection.addEventListener("frame", ({ detail: frame }) => {
  const before = state;
  update(transcript.apply(state, frame));
  heed(frame, before);
  if (frame.type === "pong") isReplaying = false;
  if (state.gap && !before.gap) {
    update(transcript.startReplay(state));
    connection.resume();
  }
});
connection.addEventListener("open", () => {
  for (const item of state.pending) {
    if (item.state === "failed" && item.code !== "offline") continue;
    update(transcript.retry(state, item.clientId));
    sendPending(item.clientId);
  }
  if (wantsPerson) askForPerson();
});
connection.addEventListener("state", () => update(state));
connection.addEventListener("created", ({ detail }) => storage.keepConversation(detail));
connection.addEventListener("renewed", ({ detail }) => storage.keepConversation(detail));
connection.addEventListener("slow", ({ detail }) => toast(fill(strings.slowDown, { n: detail })));
connection.addEventListener("refused", () => {
  const { pending } = state;
  storage.keepConversation(null);
  update({ ...transcript.emptyState(), pending });
  toast(strings.refused);
  if (pending.length) connection.ensure();
});

/** Once a second: say of messages that hang that they do; look again at a slow answer. */
function watch() {
  const now = Date.now();
  for (const item of state.pending) {
    if (item.state !== "sending") continue;
    const waited = now - (sentAt.get(item.clientId) ?? now);
    if (connection.state !== "online" && waited > NOT_SENT_AFTER) {
      update(transcript.fail(state, item.clientId, "", "offline"));
    } else if (connection.state === "online" && waited > NO_ANSWER_AFTER) {
      connection.drop();
    }
  }
  if (transcript.isGenerating(state) && !state.draft?.text) update(state);
}

part("person").addEventListener("click", askForPerson);
part("restart").addEventListener("click", () => part("restart-dialog").showModal());
part("restart-dialog").addEventListener("close", ({ target }) => {
  if (target.returnValue === "restart") startOver();
  target.returnValue = "";
});
for (const button of document.querySelectorAll("[data-suggestion]")) {
  button.addEventListener("click", () => sendByButton(button.dataset.suggestion));
}
if (part("suggestions")) part("suggestions").hidden = false;
document.addEventListener("visibilitychange", tellSeen);
setInterval(watch, 1_000);

for (const { clientId, text } of storage.loadOutbox()) {
  sentAt.set(clientId, Date.now());
  state = transcript.addPending(state, clientId, text);
}
storage.comeBack(location, history);
const known = storage.loadConversation();
if (known) connection.open(known);
else if (state.pending.length) connection.ensure();
const question = new URLSearchParams(location.search).get("q");
if (question) composer.put(question.slice(0, config.limit));
else if (hasFinePointer) composer.focus();
draw();
