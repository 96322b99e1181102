// The Markdown of a reply that is still being written: paragraphs, lists and bold, as elements.
// Parsing makes plain data; only text is ever put on the page. Blocks that did not change keep
// their elements, so a selection survives and nothing flickers.

import { element } from "./dom.js";

const ITEM = /^ {0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const BOLD = /\*\*(?=\S)([^*]+?)(?<=\S)\*\*/g;

/** [{kind: "p" | "ul" | "ol", lines: [...], start}] */
export function parseBlocks(text) {
  const blocks = [];
  let open = null;
  for (const line of text.split("\n")) {
    const item = ITEM.exec(line);
    if (!line.trim()) {
      if (open?.kind === "p") open = null;
    } else if (item) {
      const kind = item[1] ? "ol" : "ul";
      if (open?.kind !== kind) blocks.push((open = { kind, lines: [], start: Number(item[1] ?? 1) }));
      open.lines.push(item[2]);
    } else if (open && open.kind !== "p" && /^\s/.test(line)) {
      open.lines[open.lines.length - 1] += `\n${line.trim()}`;
    } else {
      if (open?.kind !== "p") blocks.push((open = { kind: "p", lines: [], start: 1 }));
      open.lines.push(line);
    }
  }
  return blocks;
}

/** "a **b** c" -> ["a ", {bold: "b"}, " c"] */
export function parseInline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(BOLD)) {
    parts.push(text.slice(end, match.index), { bold: match[1] });
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

function inline(text) {
  return parseInline(text).map((part) =>
    typeof part === "string" ? part : element("strong", {}, part.bold),
  );
}

function build(block) {
  if (block.kind === "p") return element("p", {}, ...inline(block.lines.join("\n")));
  const start = block.kind === "ol" && block.start !== 1 ? String(block.start) : null;
  const items = block.lines.map((line) => element("li", {}, ...inline(line)));
  return element(block.kind, { start }, ...items);
}

/** Make `container` show `text`, touching only what changed. */
export function renderStreaming(container, text) {
  const blocks = parseBlocks(text);
  const known = container.streamedBlocks ?? [];
  if (known.length === 0) container.replaceChildren();
  const keys = blocks.map((block) => JSON.stringify(block));
  keys.forEach((key, index) => {
    if (known[index] === key) return;
    const node = build(blocks[index]);
    if (index < container.children.length) container.children[index].replaceWith(node);
    else container.append(node);
  });
  while (container.children.length > keys.length) container.lastElementChild.remove();
  container.streamedBlocks = keys;
}
