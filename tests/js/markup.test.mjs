import assert from "node:assert/strict";
import { test } from "node:test";

import { parseBlocks, parseInline } from "../../static/js/chat/markup.js";

test("paragraphs and lists come apart", () => {
  const blocks = parseBlocks("Hello\nthere\n\n1. one\n2. two\n\n- a\n- b");
  assert.deepEqual(blocks.map((block) => block.kind), ["p", "ol", "ul"]);
  assert.deepEqual(blocks[0].lines, ["Hello", "there"]);
  assert.deepEqual(blocks[1].lines, ["one", "two"]);
});

test("a numbered list keeps the number that it starts with", () => {
  assert.equal(parseBlocks("3. three")[0].start, 3);
});

test("marks become kinds and no address is kept", () => {
  const parts = parseInline("a **b** `c` [d](https://evil.example/x) *e* f");
  assert.deepEqual(parts, [
    ["text", "a "], ["strong", "b"], ["text", " "], ["code", "c"], ["text", " "],
    ["link", "d"], ["text", " "], ["em", "e"], ["text", " f"],
  ]);
});

test("the unfinished end shows no signs, the words stay", () => {
  const shown = (text) => parseInline(text, true).map(([, words]) => words).join("");
  assert.equal(shown("see [the article](https://exa"), "see the article");
  assert.equal(shown("see [the art"), "see the art");
  assert.equal(shown("within **30 da"), "within 30 da");
});

test("words between stars that are no marks stay as they are", () => {
  assert.deepEqual(parseInline("2 * 3 * 4 = 24"), [["text", "2 * 3 * 4 = 24"]]);
});
