// node --test tests/js: what the desk's queue, clocks and editor promise, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAge, formatSeconds, nextClock, secondsLeft, tone } from "../../static/js/desk/clock.js";
import { concern } from "../../static/js/desk/notify.js";
import { wordAtCaret } from "../../static/js/desk/picker.js";
import * as queue from "../../static/js/desk/queue.js";

const ME = 7;
const clock = (seconds_left, state = "running", ticking = true) => ({
  due: new Date(1_700_000_000_000 + seconds_left * 1000).toISOString(),
  state,
  seconds_left,
  ticking,
});
const row = (id, fields = {}) => ({
  id,
  conversation: `c-${id}`,
  state: "waiting",
  priority: 3,
  opened_at: `2026-03-01T10:00:${String(Number(id) % 60).padStart(2, "0")}Z`,
  agent: null,
  snoozed_until: null,
  sla: { first_response: null, next_response: null, resolution: null },
  ...fields,
});
const context = { view: "waiting", filters: {}, me: ME, now: 1_000 };
const ids = (list) => list.rows.map(({ id }) => id);

test("an event that comes twice changes the list once", () => {
  const once = queue.applyRow(queue.emptyQueue(), row("1"), context);
  assert.deepEqual(ids(queue.applyRow(once, row("1"), context)), ["1"]);
});

test("whatever the order of the events, the most urgent and oldest stands first", () => {
  const rows = [row("1"), row("2", { priority: 5 }), row("3"), row("4", { priority: 5 })];
  for (const order of [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]]) {
    const list = order.reduce((kept, i) => queue.applyRow(kept, rows[i], context), queue.emptyQueue());
    assert.deepEqual(ids(list), ["2", "4", "1", "3"]);
  }
});

test("a claimed conversation leaves the waiting and enters mine", () => {
  const claimed = row("1", { state: "claimed", agent: { id: ME, name: "Mira" } });
  const waiting = queue.applyRow(queue.emptyQueue(), row("1"), context);
  assert.deepEqual(ids(queue.applyRow(waiting, claimed, context)), []);
  assert.deepEqual(ids(queue.applyRow(queue.emptyQueue(), claimed, { ...context, view: "mine" })), ["1"]);
});

test("a row beyond what is loaded waits until it is loaded", () => {
  const loaded = { ...queue.applyRow(queue.emptyQueue(), row("1"), context), more: true };
  assert.deepEqual(ids(queue.applyRow(loaded, row("2"), context)), ["1"]);
  assert.deepEqual(ids(queue.applyRow(loaded, row("3", { priority: 5 }), context)), ["3", "1"]);
});

test("a search keeps known rows and leaves new ones to the server", () => {
  const filters = { q: "parcel" };
  const known = queue.applyRow(queue.emptyQueue(), row("1"), context);
  assert.deepEqual(ids(queue.applyRow(known, row("1", { priority: 4 }), { ...context, filters })), ["1"]);
  assert.deepEqual(ids(queue.applyRow(known, row("2"), { ...context, filters })), ["1"]);
});

test("a page that overlaps the one before it doubles no row", () => {
  const first = queue.addPage(queue.emptyQueue(), { rows: [row("1"), row("2")], counts: {}, more: true, page: 1 }, 0);
  const both = queue.addPage(first, { rows: [row("2"), row("3")], counts: {}, more: false, page: 2 }, 0);
  assert.deepEqual(ids(both), ["1", "2", "3"]);
});

test("five hundred rows are merged within a frame's budget many times over", () => {
  let list = queue.emptyQueue();
  for (let n = 0; n < 500; n += 1) list = queue.applyRow(list, row(String(n), { priority: (n % 5) + 1 }), context);
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) list = queue.applyRow(list, row(String(n), { priority: 5 }), context);
  assert.equal(list.rows.length, 500);
  assert.ok(performance.now() - began < 200);
});

test("a clock counts while the desk is open and stands still when it closes", () => {
  assert.equal(secondsLeft(clock(100), 0, 40_000), 60);
  assert.equal(secondsLeft(clock(100), 0, 40_000, 10_000), 90);
  assert.equal(secondsLeft(clock(100, "paused", false), 0, 40_000), 100);
});

test("the promise that ends first is shown, a kept one never", () => {
  const sla = { first_response: clock(-50, "breached", false), next_response: clock(90), resolution: clock(900) };
  assert.equal(nextClock(row("1", { state: "claimed", sla }))[0], "next_response");
  assert.equal(nextClock(row("1", { sla }))[0], "first_response");
  assert.equal(nextClock(row("1", { state: "resolved", sla })), null);
});

test("durations are short and never lie by a minute", () => {
  assert.deepEqual([5, 75, 3_600, 90_000].map(formatSeconds), ["0:05", "1:15", "1 h 0 m", "1 d 1 h"]);
  assert.deepEqual([20, 300, 4_000].map(formatAge), ["<1 m", "5 m", "1 h 6 m"]);
  assert.deepEqual([tone(clock(1), -1), tone(clock(1), 100), tone(clock(1), 900)], ["late", "soon", "calm"]);
});

test("an agent hears of what concerns them and not of their own deeds", () => {
  const wrote = { event: "customer.wrote", actor: null, row: row("1", { agent: { id: ME } }) };
  assert.deepEqual(concern(wrote, ME), ["wrote", "c-1"]);
  assert.equal(concern({ ...wrote, row: row("1") }, ME), null);
  assert.equal(concern({ event: "escalation.opened", actor: { id: ME }, row: row("1") }, ME), null);
  const note = { event: "note.added", actor: { id: 2 }, row: row("1"), details: { mentions: [ME] } };
  assert.equal(concern(note, ME)[0], "mention");
  const late = { event: "escalation.breached", actor: null, row: row("1", { agent: { id: ME } }) };
  assert.equal(concern(late, ME)[0], "late");
  const asked = { ...late, row: row("1", { supervisor: true }) };
  assert.equal(concern(asked, ME), null);
  assert.equal(concern(asked, ME, true)[0], "late");
});

test("a shortcut is the word at the caret, and an address is none", () => {
  assert.deepEqual(wordAtCaret("Hello /ref", 10, "/"), { start: 6, word: "ref" });
  assert.equal(wordAtCaret("and/or", 6, "/"), null);
  assert.equal(wordAtCaret("mail me@x.org", 13, "@"), null);
});
