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
