// What the browser keeps: the conversation's key, and messages that are not accepted yet.
// Storage may be blocked or full; the chat then works until the page is closed.

const CONVERSATION = "portal.conversation";
const OUTBOX = "portal.outbox";

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // see above
  }
}

export function loadConversation() {
  const kept = read(CONVERSATION);
  return typeof kept?.socket === "string" && kept.socket.startsWith("/ws/") ? kept : null;
}

export function keepConversation(conversation) {
  write(CONVERSATION, conversation);
}

/** The link of an e-mail brings its conversation and key behind the #, which no server logs. */
export function comeBack(location, history) {
  const found = /^#return=([0-9a-f-]{36})~(return\.[\w:.-]+)$/.exec(location.hash);
  if (!found) return;
  const [, id, token] = found;
  history.replaceState(null, "", location.pathname + location.search);
  if (read(CONVERSATION)?.id === id) return; // this browser has its own key
  keepConversation({ id, token, socket: `/ws/conversations/${id}/?token=${token}` });
}

export function loadOutbox() {
  const kept = read(OUTBOX);
  if (!Array.isArray(kept)) return [];
  return kept.filter(
    (item) => typeof item?.clientId === "string" && typeof item?.text === "string",
  );
}

export function keepOutbox(pending) {
  write(OUTBOX, pending.length ? pending.map(({ clientId, text }) => ({ clientId, text })) : null);
}
