// The queue as plain data: which rows a view holds, in which order, and what an event changes.
// Promises: a row is in a list once; applying an event twice does no harm; the order is the server's.

export const VIEWS = ["waiting", "mine", "all", "snoozed", "resolved"];
const OPEN = new Set(["waiting", "claimed"]);
const EXACT = ["topic", "language", "reason"];

export function emptyQueue() {
  return { rows: [], counts: {}, more: false, page: 0 };
}

/** Whether a row belongs to a view, as the server sees it. */
export function belongs(row, view, me) {
  switch (view) {
    case "waiting":
      return row.state === "waiting";
    case "mine":
      return row.state === "claimed" && row.agent?.id === me && !row.snoozed_until;
    case "snoozed":
      return row.state === "claimed" && Boolean(row.snoozed_until);
    case "resolved":
      return !OPEN.has(row.state);
    default:
      return OPEN.has(row.state);
  }
}

/** True or false where a row alone can tell whether it fits the filters, null where it cannot. */
export function fits(row, filters) {
  for (const name of EXACT) if (filters[name] && row[name] !== filters[name]) return false;
  if (filters.priority && row.priority !== Number(filters.priority)) return false;
  if (filters.team && row.team?.id !== Number(filters.team)) return false;
  if (filters.agent && row.agent?.id !== Number(filters.agent)) return false;
  if (filters.supervisor && !row.supervisor) return false;
  return filters.q || filters.sla || filters.followed ? null : true;
}

export function compare(view) {
  if (view === "resolved") return (a, b) => later(b.ended_at, a.ended_at) || byId(a, b);
  if (view === "mine") {
    return (a, b) =>
      later(due(a, "next_response") ?? Infinity, due(b, "next_response") ?? Infinity) ||
      later(firstDue(a), firstDue(b)) ||
      later(a.opened_at, b.opened_at) ||
      byId(a, b);
  }
  return (a, b) => b.priority - a.priority || later(a.opened_at, b.opened_at) || byId(a, b);
}

function moment(value) {
  return typeof value === "number" ? value : value ? Date.parse(value) : 0;
}

function later(a, b) {
  const [x, y] = [moment(a), moment(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function byId(a, b) {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function due(row, name) {
  const clock = row.sla?.[name];
  return clock && clock.state !== "met" ? Date.parse(clock.due) : null;
}

function firstDue(row) {
  return Math.min(due(row, "first_response") ?? Infinity, due(row, "resolution") ?? Infinity);
}

/** The answer of the server as a page of the queue; rows know when they were told. */
export function addPage(queue, answer, now) {
  const fresh = answer.rows.map((row) => ({ ...row, at: now }));
  const ids = new Set(fresh.map((row) => row.id));
  const kept = answer.page > 1 ? queue.rows.filter((row) => !ids.has(row.id)) : [];
  return {
    rows: [...kept, ...fresh],
    counts: answer.counts,
    more: answer.more,
    page: answer.page,
    cursor: answer.cursor,
  };
}

/** A row as an event tells it. `view` and `filters` are those of the list. */
export function applyRow(queue, row, { view, filters, me, now }) {
  const known = queue.rows.find((item) => item.conversation === row.conversation);
  const fit = fits(row, filters);
  const stays = belongs(row, view, me) && (fit ?? Boolean(known));
  const others = queue.rows.filter((item) => item.conversation !== row.conversation);
  if (!stays) return known ? { ...queue, rows: others } : queue;
  const told = { ...row, followed: row.followed ?? known?.followed ?? false, at: now };
  const order = compare(view);
  const place = others.findIndex((item) => order(told, item) < 0);
  if (place < 0 && queue.more && !known) return queue; // further down than what is loaded
  const rows = place < 0 ? [...others, told] : others.toSpliced(place, 0, told);
  return { ...queue, rows };
}

export function removeConversation(queue, conversation) {
  const rows = queue.rows.filter((row) => row.conversation !== conversation);
  return rows.length === queue.rows.length ? queue : { ...queue, rows };
}

/** The filters as a query string for the server; empty ones are left out. */
export function queryOf(view, filters, page = 1) {
  const query = new URLSearchParams({ view });
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  if (page > 1) query.set("page", String(page));
  return query.toString();
}
