/* Renders Slack's mrkdwn as DOM nodes; text from outside stays text. */

import { el } from "./dom.js";
import { emoji, plainEmoji, withEmoji } from "./emoji.js";
import { pictured } from "./glyphs.js";

const INSIDE = (mark) => `(?:<[^<>\\n]*>|[^${mark}\\n<])+?`;
const styled = (mark) => `(?<![\\w${mark}])\\${mark}(?=[^\\s${mark}])(${INSIDE(mark)})(?<=\\S)\\${mark}(?![\\w${mark}])`;
const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>", "`([^`\\n]+)`", styled("*"), styled("_"), styled("~"),
    ":([a-z0-9_+'-]+):", "(https?://[^\\s<>|)]+)",
  ].join("|"),
  "g",
);

/** The three entities that Slack encodes, decoded. */
export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** A link that leaves the page in a new tab; other schemes than http(s) and mailto stay text. */
export function link(url, label) {
  return linked(url, pictured(label));
}

function linked(url, nodes) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return el("span", {}, nodes);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, nodes);
}

const chip = (text, loud = false) => el("span", { class: loud ? "chip loud" : "chip", text });

function special(body, label) {
  const [kind, ...rest] = body.slice(1).split("^");
  if (kind === "date") return date(rest, label);
  if (["channel", "here", "everyone"].includes(kind)) return chip(`@${kind}`, true);
  return chip(decode(label ?? `@${rest[0] ?? kind}`));
}

/** A time in the viewer's zone, in Slack's date format: `[unix, format, url]`. */
export function date([unix, format, url], fallback) {
  const at = new Date(Number(unix) * 1000);
  if (!format || Number.isNaN(at.getTime())) return document.createTextNode(decode(fallback ?? ""));
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => dateToken(token, at) ?? whole);
  const time = el("time", { datetime: at.toISOString(), title: at.toLocaleString(), text: decode(text) });
  return url ? linked(decode(url), time) : time;
}

function dateToken(token, at) {
  const day = (style) => at.toLocaleDateString([], style);
  const now = new Date();
  const today = now.toDateString() === at.toDateString();
  const year = now.getFullYear() === at.getFullYear() ? undefined : "numeric";
  switch (token) {
    case "time": return at.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
    case "time_secs": return at.toLocaleTimeString();
    case "ago": return ago((Date.now() - at.getTime()) / 1000);
    case "date_num": return at.toISOString().slice(0, 10);
    case "date_short": return day({ month: "short", day: "numeric", year: "numeric" });
    case "date_short_pretty": return today ? "today" : day({ month: "short", day: "numeric", year });
    case "date_pretty": return today ? "today" : day({ month: "long", day: "numeric", year });
    case "date_long": case "date_long_pretty": return day({ weekday: "long", month: "long", day: "numeric", year });
    case "date": return day({ month: "long", day: "numeric", year: "numeric" });
    default: return null;
  }
}

function ago(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

function angle(inner, names) {
  const bar = inner.indexOf("|");
  const body = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : inner.slice(bar + 1);
  if (body.startsWith("!")) return special(body, label);
  if (body.startsWith("@")) return chip(`@${names.person(body.slice(1)) ?? label ?? body.slice(1)}`);
  if (body.startsWith("#")) return chip(`#${names.channel(body.slice(1)) ?? label ?? "private"}`);
  return link(decode(body), withEmoji(decode(label ?? body)));
}

/** One line of mrkdwn. `names` looks up people and channels by id; `verbatim` leaves bare links alone. */
export function inline(text, names, verbatim = false) {
  const nodes = [];
  let from = 0;
  const plain = (upTo) => upTo > from && nodes.push(...pictured(decode(text.slice(from, upTo))));
  for (const found of text.matchAll(INLINE)) {
    const node = token(found, names, verbatim);
    if (node === null) continue;
    plain(found.index);
    nodes.push(node);
    from = found.index + found[0].length;
  }
  plain(text.length);
  return nodes;
}

function token([, inner, code, bold, italic, strike, name, bare], names, verbatim) {
  if (inner !== undefined) return angle(inner, names);
  if (code !== undefined) return el("code", { text: decode(code) });
  if (bold !== undefined) return el("strong", {}, inline(bold, names, verbatim));
  if (italic !== undefined) return el("em", {}, inline(italic, names, verbatim));
  if (strike !== undefined) return el("s", {}, inline(strike, names, verbatim));
  if (name !== undefined) return emoji(name) ? pictured(emoji(name))[0] : null;
  return verbatim ? null : link(decode(bare), decode(bare));
}

/** A whole mrkdwn text: code blocks, quotes and lines. */
export function mrkdwn(text, names, verbatim = false) {
  return text.split("```").flatMap((part, place) => {
    if (place % 2) return [el("pre", { text: decode(part.replace(/^\n/, "").replace(/\n$/, "")) })];
    const trimmed = place ? part.replace(/^\n/, "") : part;
    return trimmed ? paragraphs(trimmed, names, verbatim) : [];
  });
}

function paragraphs(text, names, verbatim) {
  const out = [];
  let quote = null;
  text.split("\n").forEach((line, place, lines) => {
    const quoted = /^(&gt;|>) ?/.exec(line);
    if (quoted) {
      if (!quote) out.push((quote = el("blockquote")));
      quote.append(el("div", {}, inline(line.slice(quoted[0].length), names, verbatim)));
      return;
    }
    quote = null;
    out.push(...inline(line, names, verbatim));
    if (place < lines.length - 1) out.push(el("br"));
  });
  return out;
}

/** A text object or a bare string, as nodes. */
export function textNodes(text, names) {
  if (typeof text === "string") return [document.createTextNode(text)];
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text ?? "", names, text.verbatim);
  return pictured(text.emoji === false ? text.text : withEmoji(text.text ?? ""));
}

/** A text object as one string, without styling. */
export function words(text) {
  return typeof text === "string" ? text : plainEmoji(text?.text ?? "");
}
