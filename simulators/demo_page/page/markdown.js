/* A small part of standard Markdown as DOM nodes: headings, lists, code, emphasis, links. */

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = /`([^`\n]+)`|\[([^\]\n]+)\]\(([^()\s]+)\)|\*\*([^*\n]+)\*\*|__([^_\n]+)__|\*([^*\n]+)\*|(?<!\w)_([^_\n]+)_(?!\w)|~~([^~\n]+)~~/g;

function spans(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(document.createTextNode(withEmoji(text.slice(from, found.index))), span(found));
    from = found.index + found[0].length;
  }
  return [...nodes, document.createTextNode(withEmoji(text.slice(from)))];
}

function span([, code, label, url, bold, bolder, italic, slanted, gone]) {
  if (code !== undefined) return el("code", { text: code });
  if (label !== undefined) return link(url, label);
  if (bold ?? bolder) return el("strong", {}, spans(bold ?? bolder));
  if (italic ?? slanted) return el("em", {}, spans(italic ?? slanted));
  return el("s", { text: gone });
}

function line(text) {
  const heading = /^(#{1,6}) (.*)$/.exec(text);
  if (heading) return el("div", { class: "header", role: "heading", "aria-level": heading[1].length + 2 }, spans(heading[2]));
  const item = /^\s*(?:[-*]|(\d+)\.) (.*)$/.exec(text);
  if (item) return el("div", { class: "bullet" }, `${item[1] ? `${item[1]}.` : "•"} `, spans(item[2]));
  const quote = /^> ?(.*)$/.exec(text);
  if (quote) return el("blockquote", {}, spans(quote[1]));
  return el("div", { class: "line" }, spans(text));
}

/** A markdown block's text. */
export function markdown(text) {
  const parts = text.split(/```\w*\n?/);
  return el("div", { class: "text" }, parts.flatMap((part, place) => {
    if (place % 2) return [el("pre", { text: part.replace(/\n$/, "") })];
    return part.split("\n").filter(Boolean).map(line);
  }));
}
