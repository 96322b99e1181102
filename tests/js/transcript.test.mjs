// node --test tests/js: what the client's state promises, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { lastSentenceEnd } from "../../static/js/chat/announcer.js";
import * as transcript from "../../static/js/chat/transcript.js";

const REPLY = "aaaaaaaa-0000-4000-8000-000000000001";

const accepted = (seq, clientId, text = "hi") => ({
  type: "message.accepted",
  seq,
  client_id: clientId,
  message: { id: `m${seq}`, seq, author: "customer", text },
});
const done = (seq, id = REPLY, text = "answer") => ({
  type: "reply.done",
  seq,
  message: { id, seq, author: "assistant", text, html: `<p>${text}</p>` },
});
const delta = (offset, text, message = REPLY) => ({ type: "reply.delta", message, offset, text });
const play = (frames, state = transcript.emptyState()) => frames.reduce(transcript.apply, state);

function shuffled(items, random) {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test("a durable frame counts once", () => {
  const state = play([accepted(1, "a"), accepted(1, "a"), done(2), done(2)]);
  assert.deepEqual(state.messages.map((message) => message.seq), [1, 2]);
  assert.equal(state.lastSeq, 2);
});

test("a frame from the future is not shown and asks for a replay", () => {
  const state = play([accepted(1, "a"), done(3)]);
  assert.equal(state.gap, true);
  assert.equal(state.lastSeq, 1);
  const healed = play([accepted(2, "b"), done(3)], transcript.startReplay(state));
  assert.equal(healed.gap, false);
  assert.deepEqual(healed.messages.map((message) => message.seq), [1, 2, 3]);
});

test("offsets count code points, so emoji neither vanish nor double", () => {
  const text = "Hi 👩‍🚀🎉 – ok";
  const points = Array.from(text);
  const frames = [
    delta(0, points.slice(0, 4).join("")),
    delta(2, points.slice(2, 6).join("")),
    delta(0, points.slice(0, 3).join("")),
    delta(6, points.slice(6).join("")),
  ];
  assert.equal(play(frames).draft.text, text);
});

test("a hole in the text asks for a replay and shows nothing wrong", () => {
  const state = play([delta(0, "You can "), delta(12, "return")]);
  assert.equal(state.draft.text, "You can ");
  assert.equal(state.gap, true);
  const healed = play([delta(0, "You can not return")], transcript.startReplay(state));
  assert.equal(healed.draft.text, "You can not return");
});

test("however pieces are cut, repeated and replayed, the text is the text", () => {
  const points = Array.from("Zwölf Boxkämpfer 🥊 jagen Viktor quer über den großen Sylter Deich. ".repeat(4));
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed);
    let state = transcript.emptyState();
    let sent = 0;
    while (sent < points.length) {
      const from = random() < 0.3 ? 0 : Math.max(0, sent - Math.floor(random() * 5));
      const to = Math.min(points.length, sent + Math.floor(random() * 9));
      state = transcript.apply(state, delta(from, points.slice(from, to).join("")));
      sent = Math.max(sent, to);
    }
    assert.equal(state.draft.text, points.join(""), `seed ${seed}`);
    assert.equal(state.gap, false);
  }
});

test("durable frames in any order, told again until complete, end in one order", () => {
  const frames = [accepted(1, "a"), done(2, "r1"), accepted(3, "b"), accepted(4, "c"), done(5, "r2")];
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = randomOf(seed);
    let state = transcript.emptyState();
    for (let round = 0; state.lastSeq < 5 && round < 10; round += 1) {
      state = play(shuffled(frames, random), transcript.startReplay(state));
    }
    assert.deepEqual(state.messages.map((message) => message.seq), [1, 2, 3, 4, 5], `seed ${seed}`);
  }
});

test("pieces that come after the end of a reply are ignored", () => {
  const state = play([accepted(1, "a"), delta(0, "ans"), done(2), delta(3, "wer"), { type: "reply.started", message: REPLY }]);
  assert.equal(state.draft, null);
  assert.equal(transcript.isGenerating(state), false);
});

test("a pending message becomes the accepted one, also when its acceptance is told again", () => {
  let state = transcript.addPending(transcript.emptyState(), "a", "hi");
  state = play([accepted(1, "a")], state);
  assert.equal(state.pending.length, 0);
  assert.equal(state.messages.length, 1);
  state = transcript.addPending(state, "a", "hi");
  assert.equal(play([accepted(1, "a")], state).pending.length, 0);
});

test("an error with a client id marks that message only", () => {
  let state = transcript.addPending(transcript.emptyState(), "a", "one");
  state = transcript.addPending(state, "b", "two");
  state = play([{ type: "error", code: "too_long", detail: "Too long.", client_id: "a" }], state);
  assert.deepEqual(state.pending.map((item) => item.state), ["failed", "sending"]);
  assert.equal(state.pending[0].detail, "Too long.");
});

test("an answer is awaited from the assistant, not while an agent holds the conversation", () => {
  const asked = play([accepted(1, "a")]);
  assert.equal(transcript.isGenerating(asked), true);
  const held = play([{ type: "conversation.status", seq: 2, status: "with_agent" }], asked);
  assert.equal(transcript.isGenerating(held), false);
});

test("a pong that knows more than we do asks for a replay", () => {
  assert.equal(play([accepted(1, "a"), { type: "pong", head: 3 }]).gap, true);
  assert.equal(play([accepted(1, "a"), { type: "pong", head: 1 }]).gap, false);
});

test("the announcer waits for whole sentences", () => {
  assert.equal(lastSentenceEnd("It costs 3."), 0);
  assert.equal(lastSentenceEnd("It costs 3.50 euro. And"), 19);
  assert.equal(lastSentenceEnd("No end yet"), 0);
});
