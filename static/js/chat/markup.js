// The Markdown of a reply that is still being written: paragraphs, lists, bold, italics, code, the
// words of links. Parsing makes plain data; only text is ever put on the page, and no address: links
// come alive with the server's sanitised HTML. Blocks that did not change keep their elements, so a
// selection survives and nothing flickers.

import { element } from "./dom.js";

const ITEM = /^ {0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^ {0,3}#{1,6}\s+(.*)$/;
const MARKS = new RegExp(
  [
    String.raw`\*\*(?=\S)(?<strong>[^*]+?)(?<=\S)\*\*`,
    String.raw`\x60(?<code>[^\x60]+)\x60`,
    String.raw`!?\[(?<link>[^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s"[^"]*")?\)`,
    String.raw`(?<![\w*])\*(?=[^\s*])(?<em>[^*\n]+?)(?<=[^\s*])\*(?![\w*])`,
  ].join("|"),
  "g",
);
// What the end of an unfinished text may turn out to be: shown without its signs meanwhile.
const OPEN_LINK = /!?\[([^\[\]]*)(?:\](?:\([^()\s]*)?)?$/;
const OPEN_BOLD = /\*{1,2}(?=[^*\n]*$)(?!\s)/;

/** [{kind: "p" | "ul" | "ol", lines: [...], start}] */
export function parseBlocks(text) {
  const blocks = [];
  let open = null;
  const begin = (kind, start = 1) => blocks.push((open = { kind, lines: [], start }));
  for (const line of text.split("\n")) {
    const item = ITEM.exec(line);
    const heading = HEADING.exec(line);
    if (!line.trim()) {
      if (open?.kind === "p") open = null;
    } else if (heading) {
      begin("p");
      open.lines.push(`**${heading[1]}**`);
      open = null;
    } else if (item) {
      const kind = item[1] ? "ol" : "ul";
      if (open?.kind !== kind) begin(kind, Number(item[1] ?? 1));
      open.lines.push(item[2]);
    } else if (open && open.kind !== "p" && /^\s/.test(line)) {
      open.lines[open.lines.length - 1] += `\n${line.trim()}`;
    } else {
      if (open?.kind !== "p") begin("p");
      open.lines.push(line);
    }
  }
  return blocks;
}

/** "a **b** c" -> [["text", "a "], ["strong", "b"], ["text", " c"]] */
export function parseInline(text, isEnd = false) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    parts.push(["text", text.slice(end, match.index)]);
    parts.push(Object.entries(match.groups).find(([, words]) => words !== undefined));
    end = match.index + match[0].length;
  }
  const rest = text.slice(end);
  parts.push(["text", isEnd ? rest.replace(OPEN_LINK, "$1").replace(OPEN_BOLD, "") : rest]);
  return parts.filter(([, words]) => words !== "");
}

function inline(text, isEnd) {
  return parseInline(text, isEnd).map(([kind, words]) => {
    if (kind === "text") return words;
    if (kind === "link") return element("span", { class: "link" }, words);
    return element(kind, {}, words);
  });
}

function build(block, isEnd) {
  if (block.kind === "p") return element("p", {}, ...inline(block.lines.join("\n"), isEnd));
  const start = block.kind === "ol" && block.start !== 1 ? String(block.start) : null;
  const last = block.lines.length - 1;
  const items = block.lines.map((line, index) =>
    element("li", {}, ...inline(line, isEnd && index === last)),
  );
  return element(block.kind, { start }, ...items);
}

/** Make `container` show `text`, touching only what changed. */
export function renderStreaming(container, text) {
  const blocks = parseBlocks(text);
  const known = container.streamedBlocks ?? [];
  if (known.length === 0) container.replaceChildren();
  const last = blocks.length - 1;
  const keys = blocks.map((block, index) => JSON.stringify([block, index === last]));
  keys.forEach((key, index) => {
    if (known[index] === key) return;
    const node = build(blocks[index], index === last);
    if (index < container.children.length) container.children[index].replaceWith(node);
    else container.append(node);
  });
  while (container.children.length > keys.length) container.lastElementChild.remove();
  container.streamedBlocks = keys;
}
