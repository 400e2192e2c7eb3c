/* Draws the emoji that matter here, so that they look the same whatever fonts a machine has. */

import { svg } from "./dom.js";

const path = (d, kind) => () => svg("path", { d, class: kind });
const dot = (kind) => () => svg("circle", { cx: 10, cy: 10, r: 7.5, class: kind });
const tile = (kind) => () => svg("rect", { x: 1.5, y: 1.5, width: 17, height: 17, rx: 4, class: kind });
const line = (d, kind = "g-line") => path(d, kind);

const DRAWN = {
  "✅": ["passed", tile("g-green"), line("M5.5 10.5 9 13.8 14.8 6.5")],
  "✔": ["done", line("M4 10.5 8 14.5 16 5.5", "g-stroke-green")],
  "❌": ["failed", line("M4.5 4.5 15.5 15.500M15.5 4.5 4.5 15.5", "g-stroke-red")],
  "✋": ["waiting", dot("g-violet"), line("M7.7 6.500V13.500M12.3 6.500V13.5")],
  "⏸": ["paused", tile("g-blue"), line("M7.7 6V14M12.3 6V14")],
  "▶": ["started", tile("g-blue"), path("M7.5 5.8 14.5 10 7.5 14.200Z", "g-white")],
  "⏭": ["skipped", tile("g-grey"), path("M5 6 10 10 5 14ZM10 6 14.5 10 10 14Z", "g-white")],
  "🚫": ["stopped", svgRing, line("M5.2 5.2 14.8 14.8", "g-stroke-red")],
  "⛔": ["no entry", dot("g-red"), line("M6 10H14")],
  "🛑": ["stop", path("M6.8 2.300H13.200L17.7 6.800V13.200L13.2 17.700H6.800L2.3 13.200V6.800Z", "g-red")],
  "🔵": ["running", dot("g-blue")],
  "🟠": ["failing", dot("g-orange")],
  "🟡": ["yellow", dot("g-yellow")],
  "🟢": ["green", dot("g-green")],
  "🔴": ["red", dot("g-red")],
  "🟣": ["violet", dot("g-violet")],
  "⚪": ["white", dot("g-pale")],
  "⏳": ["waiting", path("M5 2.500H15V4.500C15 7.5 12 8.5 12 10S15 12.5 15 15.500V17.500H5V15.500C5 12.5 8 11.5 8 10S5 7.5 5 4.500Z", "g-sand")],
  "⌛": ["waiting", path("M5 2.500H15V4.500C15 7.5 12 8.5 12 10S15 12.5 15 15.500V17.500H5V15.500C5 12.5 8 11.5 8 10S5 7.5 5 4.500Z", "g-sand")],
  "🕒": ["scheduled", dot("g-pale"), line("M10 5.500V10H13.8", "g-stroke-ink")],
  "⚠": ["warning", path("M10 2.5 18.5 17.300H1.500Z", "g-yellow"), line("M10 7.500V12M10 14.600V14.8", "g-stroke-ink")],
  "👻": ["gone", path("M3.5 18V9A6.5 6.5 0 0 1 16.5 9V18L13.3 15.8 10 18 6.7 15.800Z", "g-pale"), line("M7.8 8.500V9.500M12.2 8.500V9.5", "g-stroke-ink")],
  "❔": ["unknown", line("M6.5 7A3.5 3.5 0 1 1 10 10.500V12M10 15.300V15.5", "g-stroke-grey")],
  "🔒": ["locked", line("M6.5 9V6.500A3.5 3.5 0 0 1 13.5 6.500V9", "g-stroke-grey"), path("M4 9H16V17.500H4Z", "g-yellow")],
  "🔓": ["unlocked", line("M6.5 9V6A3.5 3.5 0 0 1 13.3 5", "g-stroke-grey"), path("M4 9H16V17.500H4Z", "g-yellow")],
  "🚀": ["rocket", path("M17 3C12 2.8 8.5 5 6.5 9L3.5 10 6 11.5 8.5 14 10 16.5 11 13.500C15 11.5 17.2 8 17 3Z", "g-blue"), path("M5.5 13.5 2.8 17.2 6.8 14.800Z", "g-orange")],
  "📦": ["package", path("M2.5 6 10 2.5 17.5 6V14.500L10 18 2.5 14.500Z", "g-sand"), line("M2.5 6 10 9.5 17.5 6M10 9.500V18", "g-stroke-brown")],
  "🧪": ["test", path("M7.5 2.500H12.500V8.500L12 15A2.2 2.2 0 0 1 8 15L7.5 8.500Z", "g-pale"), path("M7.6 9.500H12.400L12 15A2.2 2.2 0 0 1 8 15Z", "g-green")],
  "🛡": ["shield", path("M10 2 16.5 4.500V9.500C16.5 13.8 13.8 16.8 10 18.3 6.2 16.8 3.5 13.8 3.5 9.500V4.500Z", "g-blue")],
  "📄": ["file", path("M5 2.500H12L15.5 6V17.500H5Z", "g-pale"), line("M7.5 9H13M7.5 12H13M7.5 15H11", "g-stroke-grey")],
  "📊": ["chart", path("M3 10H7V17.500H3Z", "g-blue"), path("M8.2 3H12.200V17.500H8.200Z", "g-orange"), path("M13.4 7H17.400V17.500H13.400Z", "g-blue")],
  "👁": ["seen", line("M2 10C5 5 15 5 18 10C15 15 5 15 2 10Z", "g-stroke-grey"), () => svg("circle", { cx: 10, cy: 10, r: 2.3, class: "g-grey" })],
  "👍": ["thumbs up", path("M3 9H6V17H3ZM7 9.5 10 3C11.8 3 12.3 4.2 12 5.500L11.5 8H16C17.5 8 17.7 9.5 17.2 10.800L15.5 15.800C15.2 16.6 14.6 17 13.8 17H7Z", "g-yellow")],
  "👎": ["thumbs down", path("M3 3H6V11H3ZM7 10.5 10 17C11.8 17 12.3 15.8 12 14.500L11.5 12H16C17.5 12 17.7 10.5 17.2 9.200L15.5 4.200C15.2 3.4 14.6 3 13.8 3H7Z", "g-yellow")],
  "🎉": ["party", path("M3 17.5 7.5 6.500 13.5 12.500Z", "g-orange"), line("M10.5 6C10 4 11.5 3 12.5 3.500M14 9.500C16 10 17 8.5 16.5 7.500", "g-stroke-green"), line("M15 4.200V4.300M17.3 12.500V12.6M8.5 2.500V2.6", "g-stroke-red")],
  "🛒": ["cart", line("M2 4H4.500L7 13H15L17 7H5.5", "g-stroke-grey"), () => svg("circle", { cx: 8, cy: 16.3, r: 1.5, class: "g-grey" }), () => svg("circle", { cx: 14, cy: 16.3, r: 1.5, class: "g-grey" })],
  "\uE001": ["eslint", path("M6 3H14L18 10 14 17H6L2 10Z", "g-violet"), line("M7.5 10.3 9.3 12.2 12.8 7.8")],
  "\uE002": ["jest", tile("g-red"), line("M6.3 6.5H13.7M10 6.5V12A2.2 2.2 0 0 1 6 12.8")],
  "\uE003": ["go", tile("g-blue"), line("M9 8A2.8 2.8 0 1 0 9.2 11.5V10.2H7.6M14 7.5A2.6 2.6 0 1 0 14 12.7A2.6 2.6 0 1 0 14 7.5")],
  "\uE004": ["android", path("M3 14.5A7 7 0 0 1 17 14.5Z", "g-green"), line("M5 5.5 6.5 8M15 5.5 13.5 8", "g-stroke-green")],
  "\uE005": ["ios", () => svg("rect", { x: 5, y: 1.5, width: 10, height: 17, rx: 2.5, class: "g-grey" }), line("M9 15.8H11")],
  "\uE006": ["books", path("M3 4H7V17H3Z", "g-blue"), path("M8 4H12V17H8Z", "g-orange"), path("M13 5 16 4.3 18 16.5 15 17.2Z", "g-green")],
  "🌐": ["globe", dot("g-blue"), line("M2.5 10H17.500M10 2.500C6.5 6 6.5 14 10 17.500C13.5 14 13.5 6 10 2.5")],
  "🔄": ["again", tile("g-blue"), line("M14 8A4.5 4.5 0 1 0 14.3 12M14.5 5V8.300H11.2")],
  "🔁": ["again", tile("g-blue"), line("M14 8A4.5 4.5 0 1 0 14.3 12M14.5 5V8.300H11.2")],
};

function svgRing() {
  return svg("circle", { cx: 10, cy: 10, r: 7, class: "g-stroke-red" });
}

const MARKS = new RegExp(`(${Object.keys(DRAWN).join("|")})\uFE0F?`, "gu");

/** Draws an emoji in the size of the text around it. */
export function glyph(character) {
  const [label, ...parts] = DRAWN[character];
  return svg("svg", { class: "glyph", viewBox: "0 0 20 20", role: "img", "aria-label": label }, ...parts.map((part) => part()));
}

/** Returns text as nodes, with the emoji above drawn. */
export function pictured(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKS)) {
    if (found.index > from) nodes.push(document.createTextNode(text.slice(from, found.index)));
    nodes.push(glyph(found[1]));
    from = found.index + found[0].length;
  }
  if (from < text.length || !nodes.length) nodes.push(document.createTextNode(text.slice(from)));
  return nodes;
}
