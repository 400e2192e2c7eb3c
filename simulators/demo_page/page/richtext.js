/* rich_text blocks as DOM nodes. */

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { pictured } from "./glyphs.js";
import { date, link } from "./mrkdwn.js";

function leaf(item, names) {
  switch (item.type) {
    case "text": return el("span", {}, pictured(item.text ?? ""));
    case "link": return link(item.url ?? "", item.text ?? item.url ?? "");
    case "user": return el("span", { class: "chip", text: `@${names.person(item.user_id) ?? item.user_id}` });
    case "channel": return el("span", { class: "chip", text: `#${names.channel(item.channel_id) ?? item.channel_id}` });
    case "broadcast": return el("span", { class: "chip loud", text: `@${item.range}` });
    case "emoji": return el("span", {}, pictured(emoji(item.name) ?? `:${item.name}:`));
    case "date": return date([item.timestamp, item.format, item.url], item.fallback);
    default: return document.createTextNode("");
  }
}

function styled(item, names) {
  const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
  return Object.entries(tags).reduce(
    (node, [style, tag]) => (item.style?.[style] ? el(tag, {}, node) : node), leaf(item, names));
}

const leaves = (part, names) => (part.elements ?? []).map((item) => styled(item, names));

function part(item, names) {
  switch (item.type) {
    case "rich_text_list":
      return el(item.style === "ordered" ? "ol" : "ul", {}, item.elements.map((line) => el("li", {}, leaves(line, names))));
    case "rich_text_preformatted": return el("pre", {}, leaves(item, names));
    case "rich_text_quote": return el("blockquote", {}, leaves(item, names));
    default: return el("div", {}, leaves(item, names));
  }
}

/** A rich_text block. */
export function richText(block, names) {
  return el("div", { class: "text rich" }, (block.elements ?? []).map((item) => part(item, names)));
}
