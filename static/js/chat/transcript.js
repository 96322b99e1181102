// What the conversation looks like, as plain data: apply(state, frame) -> state.
//
// Promises: durable frames count once and in order, whatever is sent twice or out of turn; a
// character of a streamed reply is neither lost nor doubled. Where something is missing, the
// state says `gap` and the caller asks for a replay. Nothing here touches the page or the network.

export const GENERATING_FOR = new Set(["open", "waiting"]);

export function emptyState() {
  return {
    lastSeq: 0,
    messages: [], // durable, in order of seq
    pending: [], // {clientId, text, state: "sending" | "failed", detail}
    draft: null, // {id, points, text, stage}: the reply in progress
    status: "open",
    queuePosition: null,
    queue: null, // what a waiting customer can expect: {position, ask_email, …}
    contactKept: false,
    agentName: null,
    survey: null, // {solved, score} once a person has resolved
    gap: false,
  };
}

export function apply(state, frame) {
  if (Number.isInteger(frame.seq)) return applyDurable(state, frame);
  switch (frame.type) {
    case "reply.started":
      return openDraft(state, frame.message);
    case "reply.progress": {
      const next = openDraft(state, frame.message);
      return next.draft?.id === frame.message
        ? { ...next, draft: { ...next.draft, stage: frame.stage } }
        : next;
    }
    case "reply.delta":
      return applyDelta(state, frame);
    case "reply.rated":
      return rate(state, frame.message, frame.score);
    case "queue":
      return frame.waiting === false ? state : { ...state, queue: frame, queuePosition: frame.position };
    case "contact.kept":
      return { ...state, contactKept: true };
    case "resolution.kept":
      return state.survey ? { ...state, survey: { ...state.survey, solved: frame.solved } } : state;
    case "conversation.rated":
      return state.survey ? { ...state, survey: { ...state.survey, score: frame.score } } : state;
    case "error":
      return frame.client_id ? fail(state, frame.client_id, frame.detail, frame.code) : state;
    case "pong":
      return { ...state, gap: state.gap || frame.head > state.lastSeq };
    default:
      return state;
  }
}

function applyDurable(state, frame) {
  if (frame.seq <= state.lastSeq) return acceptPending(state, frame);
  if (frame.seq > state.lastSeq + 1) return { ...state, gap: true };
  const next = { ...acceptPending(state, frame), lastSeq: frame.seq, gap: false };
  if (frame.type === "conversation.status") {
    next.status = frame.status;
    next.queuePosition = frame.queue_position ?? null;
    next.queue = frame.queue ?? null;
    next.agentName = frame.agent?.name ?? null;
    next.survey = frame.survey ? { solved: "", score: null } : null;
  }
  if (frame.type === "reply.withdrawn") next.draft = null;
  if (frame.message) {
    next.messages = [...next.messages, { ...frame.message, clientId: frame.client_id ?? null }];
    if (frame.message.author === "assistant") next.draft = null;
  }
  return next;
}

function acceptPending(state, frame) {
  if (!frame.client_id) return state;
  const pending = state.pending.filter((item) => item.clientId !== frame.client_id);
  return pending.length === state.pending.length ? state : { ...state, pending };
}

function isFinished(state, id) {
  return state.messages.some((message) => message.id === id);
}

function openDraft(state, id) {
  if (isFinished(state, id) || state.draft?.id === id) return state;
  return { ...state, draft: { id, points: 0, text: "", stage: "" } };
}

/** Offsets count Unicode code points, not the UTF-16 units that a string's length counts. */
function applyDelta(state, frame) {
  const next = openDraft(state, frame.message);
  const draft = next.draft;
  if (draft?.id !== frame.message) return next;
  if (frame.offset > draft.points) return { ...next, gap: true };
  const fresh = Array.from(frame.text).slice(draft.points - frame.offset);
  if (fresh.length === 0) return next;
  return {
    ...next,
    draft: { ...draft, points: draft.points + fresh.length, text: draft.text + fresh.join("") },
  };
}

export function addPending(state, clientId, text) {
  return { ...state, pending: [...state.pending, { clientId, text, state: "sending", detail: "" }] };
}

export function retry(state, clientId) {
  return changePending(state, clientId, { state: "sending", detail: "", code: "" });
}

export function fail(state, clientId, detail, code = "") {
  return changePending(state, clientId, { state: "failed", detail, code });
}

export function discard(state, clientId) {
  return { ...state, pending: state.pending.filter((item) => item.clientId !== clientId) };
}

function changePending(state, clientId, change) {
  const pending = state.pending.map((item) =>
    item.clientId === clientId ? { ...item, ...change } : item,
  );
  return { ...state, pending };
}

export function rate(state, id, score) {
  const messages = state.messages.map((message) =>
    message.id === id ? { ...message, rating: score } : message,
  );
  return { ...state, messages };
}

/** A replay starts: the reply in progress is told again from its beginning, and kept meanwhile. */
export function startReplay(state) {
  return { ...state, gap: false };
}

/** Whether an answer is being made: the customer spoke last, and the assistant still listens. */
export function isGenerating(state) {
  if (state.draft) return true;
  const spoken = state.messages.filter((message) => message.author !== "system");
  return spoken.at(-1)?.author === "customer" && GENERATING_FOR.has(state.status);
}

export function isEmpty(state) {
  return state.messages.length === 0 && state.pending.length === 0 && !state.draft;
}
