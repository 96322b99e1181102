import { fill } from "../chat/dom.js";

/** What a customer is called: a name, an address, or "Visitor" with a sign to tell them apart. */
export function nameOf(row, strings) {
  if (!row) return "";
  const { name, email } = row.customer;
  return name || email || fill(strings.visitorNamed, { sign: row.conversation.slice(0, 4).toUpperCase() });
}
