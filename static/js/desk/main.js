// Joins the parts of the desk: the queue, the conversation, the packet, the socket, the keyboard.

import { Follower } from "../chat/scroll.js";
import { Actions } from "./actions.js";
import { Api, MODEL_PATIENCE, pathOf } from "./api.js";
import { Board } from "./board.js";
import { Canned } from "./canned.js";
import { Connection } from "./connection.js";
import { Copilot } from "./copilot.js";
import { Dialogs } from "./dialogs.js";
import { Editor } from "./editor.js";
import { Facts } from "./facts.js";
import { Head } from "./head.js";
import { listen, menus } from "./keys.js";
import { concern, Notifier } from "./notify.js";
import { Panes } from "./panes.js";
import { VIEWS } from "./queue.js";
import { Shell } from "./shell.js";
import { Talk } from "./talk.js";
import { TalkView } from "./talk_view.js";
import { Thread } from "./thread.js";

const config = JSON.parse(document.getElementById("desk-config").textContent);
const { strings } = config;
const part = (name) => document.querySelector(`[data-${name}]`);
const api = new Api({ base: config.api, failed: strings.failed, offline: strings.notOnline, slow: strings.tooSlow });
const connection = new Connection({ path: "/ws/desk/", ticker: config.ticker });
const dialogs = new Dialogs({ dialog: part("dialog"), strings });
const shell = new Shell({ part, strings, api, connection, login: config.login });
const say = (words, isQuiet) => shell.say(words, isQuiet);
const panes = new Panes({ part, onOpen: (id) => showTalk(id) });
const board = new Board({ api, strings, me: config.me, part, dialogs, say, open: (id) => panes.open(id) });
const talk = new Talk({ api, connection, me: config.me });
const canned = { conversation: null, replies: null };

const editor = new Editor({
  form: part("editor"),
  limit: config.limit,
  strings,
  say,
  on: {
    send: (kind, text) => {
      copilot.clear(); // what it said was about the words that are sent now
      return talk.say(kind, text).then(() => follower.keep());
    },
    save: (id, text, isLast) => api.put(pathOf(id, "draft"), { text }, isLast),
    typing: () => connection.send({ type: "typing", conversation: talk.id }),
    canned: cannedReplies,
    chooseCanned: () => library.open(),
    people: async () => (await shell.colleagues()).agents,
  },
});
const copilot = new Copilot({
  editor, bar: part("copilot"), strings, say,
  talk: () => talk.id,
  send: (frame) => connection.send(frame),
  ask: (style, text) => api.post(pathOf(talk.id, "rewrite"), { text, style }, MODEL_PATIENCE),
});
const library = new Canned({
  dialog: part("canned-dialog"),
  strings,
  on: {
    load: cannedReplies,
    insert: (text, missing) => editor.insert(text, missing),
    canInsert: () => Boolean(talk.detail && editor.canSend),
    save: (reply, fields) => kept(reply ? api.patch(`canned/${reply.id}/`, fields) : api.post("canned/", fields)),
    remove: (reply) => kept(api.remove(`canned/${reply.id}/`)),
    teams: async () => {
      const { agents, teams } = await shell.colleagues();
      const mine = agents.find(({ id }) => id === config.me)?.teams ?? [];
      return teams.filter(({ id }) => config.supervises || mine.includes(id));
    },
  },
});
const actions = new Actions({ api, talk, dialogs, shell, strings, me: config.me, say });
const facts = new Facts({
  body: part("facts-body"),
  strings,
  on: {
    find: find,
    insert: (text) => {
      editor.put(text, { append: true });
      panes.facts(false);
    },
    open: (id) => panes.open(id),
    audit: () => api.get(pathOf(talk.id, "audit")),
    correct: (fact, value) => api.put(pathOf(talk.id, `facts/${fact}`), { value }),
    erase: (fact) => api.remove(pathOf(talk.id, `facts/${fact}`)),
    priority: (priority) => actions.post("priority", { priority }),
  },
});
const head = new Head({
  node: part("talk-head"), strings, me: config.me,
  on: { act: (name) => actions.run(name), back: () => panes.back(), facts: () => panes.facts(true) },
});
const thread = new Thread({
  list: part("entries"), typing: part("typing"), strings,
  on: {
    retry: (id) => talk.retry(id),
    takeBack: (id) => {
      const item = talk.takeBack(id);
      if (item) (editor.focus(item.kind), item.kind === "reply" ? editor.put(item.text, { append: true }) : (editor.text.value = item.text));
    },
  },
});
const follower = new Follower(part("thread"), part("thread").firstElementChild, part("jump"));
const view = new TalkView({ part, talk, head, thread, facts, editor, follower, strings, me: config.me, say });
const notifier = new Notifier({
  button: part("notify"), strings, icon: config.icon,
  say: (words, conversation) => shell.say(words, false, conversation && [strings.open, () => panes.open(conversation)]),
  open: (id) => panes.open(id),
});

async function find(words) {
  const q = encodeURIComponent(words);
  const [{ articles }, { conversations }] = await Promise.all([api.get(`knowledge/?q=${q}`), api.get(`past/?q=${q}`)]);
  return { articles, conversations };
}

async function cannedReplies() {
  if (canned.conversation !== talk.id || !canned.replies) {
    canned.conversation = talk.id;
    canned.replies = api.get(talk.id ? `canned/?conversation=${talk.id}` : "canned/").then(({ replies }) => replies);
    canned.replies.catch(() => (canned.replies = null));
  }
  return canned.replies;
}

/** What was written or deleted is read again at the next look. */
async function kept(change) {
  const saved = await change;
  canned.replies = null;
  return saved;
}

async function showTalk(id) {
  if (id === talk.id && talk.detail) return;
  copilot.clear();
  editor.saveNow();
  thread.clear();
  canned.replies = null;
  board.list.markOpen(id);
  const opening = talk.open(id);
  view.begin();
  await opening;
}

let cursor = 0;
let follows = new Set();
connection.addEventListener("frame", ({ detail: frame }) => {
  switch (frame.type) {
    case "desk.hello":
      shell.showMe(frame.me);
      follows = new Set(frame.me.follows);
      head.closesAt = board.list.closesAt = shell.closesAt;
      if (cursor && cursor < frame.cursor) connection.send({ type: "resume", after: cursor });
      cursor = Math.max(cursor, frame.cursor);
      board.catchUp(frame.cursor);
      return talk.listen();
    case "desk.stale":
      cursor = Math.max(cursor, frame.cursor);
      board.load();
      return talk.id && talk.refresh();
    case "desk.event":
      return heedEvent(frame);
    case "heartbeat":
      return shell.showAvailability(frame.availability);
    case "error":
      return say(frame.detail);
    default:
      if (frame.type.startsWith("copilot.")) copilot.heed(frame);
      else talk.heed(frame);
  }
});

const seen = new Set();
function heedEvent(event) {
  if (seen.has(event.id)) return;
  seen.add(event.id);
  if (seen.size > 2_000) seen.delete(seen.values().next().value);
  cursor = Math.max(cursor, event.id);
  board.event(event);
  talk.event(event);
  shell.event(event);
  if (event.details?.mentions?.includes(config.me)) follows.add(event.conversation);
  const found = concern(event, config.me, config.supervises, follows);
  if (!found) return;
  const [kind, conversation] = found;
  if (conversation !== talk.id && kind !== "opened") board.list.markUnread(conversation);
  notifier.tell(kind, event, conversation === talk.id);
}

talk.addEventListener("gone", () => {
  say(strings.gone);
  panes.close();
});
api.addEventListener("loggedout", () => shell.loggedOut());
connection.addEventListener("loggedout", () => shell.loggedOut());
connection.addEventListener("state", ({ detail }) => shell.showConnection(detail));
part("older").addEventListener("click", () => view.older());
part("suggest").addEventListener("click", () => copilot.suggest());
part("help").addEventListener("click", () => dialogs.help());
part("logout").addEventListener("submit", () => editor.saveNow(true));
for (const button of document.querySelectorAll("[data-rewrite]")) {
  button.addEventListener("click", () => copilot.rewrite(button.dataset.rewrite));
}

let wantedMode = null; // r or n while the conversation is loading: the keys that follow are words
function write(mode) {
  if (talk.detail) editor.focus(mode);
  else if (talk.id && !talk.failed) wantedMode = mode;
}
talk.addEventListener("changed", ({ detail: { what } }) => {
  if (talk.detail) follows[talk.detail.followed ? "add" : "delete"](talk.id);
  if (what !== "loaded") return;
  if (wantedMode && talk.detail) editor.focus(wantedMode);
  wantedMode = null;
});

const whenMay = (name) => () => talk.detail?.may.includes(name) && actions.run(name);
listen({
  j: () => board.list.step(1),
  k: () => board.list.step(-1),
  u: () => panes.back(() => board.list.focus()),
  c: whenMay("claim"),
  e: whenMay("resolve"),
  s: whenMay("snooze"),
  t: whenMay("transfer"),
  f: whenMay("follow"),
  r: () => write("reply"),
  n: () => write("note"),
  g: () => copilot.suggest(),
  m: () => library.open(),
  i: () => talk.id && panes.facts(true),
  "/": () => {
    panes.back();
    part("search").q.focus();
  },
  "?": () => dialogs.help(),
  ...Object.fromEntries(VIEWS.map((name, index) => [String(index + 1), () => board.show(name)])),
}, () => wantedMode !== null);
menus();
shell.know(config.people);
board.know(config.people, config.views);
board.load();
panes.start();
connection.connect();
