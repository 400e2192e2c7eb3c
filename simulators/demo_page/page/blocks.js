/* Block Kit's blocks as DOM nodes. */

import { chart } from "./charts.js";
import { control } from "./controls.js";
import { el } from "./dom.js";
import { markdown } from "./markdown.js";
import { textNodes, words } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { dataTable, table } from "./tables.js";

/** An image from this page or inline; from elsewhere only its alternative text. */
function picture(source, alt, kind) {
  const near = /^(\/(?!\/)|data:image\/)/.test(source ?? "");
  return near ? el("img", { class: kind, src: source, alt }) : el("span", { class: "alt", text: `🖼 ${alt ?? "image"}` });
}

function section(block, host) {
  const fields = (block.fields ?? []).map((field) => el("div", { class: "cell" }, textNodes(field, host.names)));
  const body = el("div", { class: "section-body" },
    block.text && el("div", { class: "text" }, textNodes(block.text, host.names)),
    fields.length > 0 && el("div", { class: "fields" }, fields));
  return el("div", { class: "section" }, body,
    block.accessory && el("div", { class: "accessory" }, element(block.accessory, block, host)));
}

function element(item, block, host) {
  if (item.type === "image") return picture(item.image_url, item.alt_text, "thumb");
  if (item.type === "mrkdwn" || item.type === "plain_text") return el("span", {}, textNodes(item, host.names));
  return control(item, block, host);
}

function input(block, host) {
  const error = host.error(block);
  const optional = block.optional && el("span", { class: "optional", text: " (optional)" });
  return el("div", { class: error ? "input wrong" : "input" },
    el("div", { class: "label" }, textNodes(block.label, host.names), optional),
    control(block.element, block, host),
    error && el("div", { class: "error", role: "alert", text: error }),
    block.hint && el("div", { class: "hint" }, textNodes(block.hint, host.names)));
}

function card(block, host) {
  const line = (text, kind) => text && el("div", { class: kind }, textNodes(text, host.names));
  return el("div", { class: "kit-card" },
    line(block.title, "card-title"), line(block.subtitle, "card-subtitle"), line(block.body, "text"),
    Array.isArray(block.actions) && el("div", { class: "actions" }, block.actions.map((item) => element(item, block, host))),
    line(block.subtext, "card-subtitle"));
}

function container(block, host) {
  return el("div", { class: "kit-card" },
    block.title && el("div", { class: "card-title" }, textNodes(block.title, host.names)),
    block.subtitle && el("div", { class: "card-subtitle" }, textNodes(block.subtitle, host.names)),
    (block.child_blocks ?? []).map((child) => renderBlock(child, host)));
}

const RENDER = {
  section,
  input,
  card,
  container,
  header: (block, host) => el("div", { class: "header", role: "heading", "aria-level": "3" }, textNodes(block.text, host.names)),
  divider: () => el("hr"),
  context: (block, host) => el("div", { class: "context" }, block.elements.map((item) => element(item, block, host))),
  actions: (block, host) => el("div", { class: "actions" }, block.elements.map((item) => element(item, block, host))),
  image: (block) => el("figure", {}, block.title && el("figcaption", { text: words(block.title) }), picture(block.image_url, block.alt_text, "picture")),
  rich_text: (block, host) => richText(block, host.names),
  markdown: (block) => markdown(block.text ?? ""),
  alert: (block, host) => el("div", { class: `alert ${["warning", "error", "success"].includes(block.level) ? block.level : "info"}` }, textNodes(block.text, host.names)),
  table: (block, host) => table(block, host.names),
  data_table: (block, host) => dataTable(block, host.names),
  data_visualization: chart,
  carousel: (block, host) => el("div", { class: "carousel" }, block.elements.map((item) => card(item, host))),
};

/** Renders a block; an unknown type is named, as in old clients. */
export function renderBlock(block, host) {
  const render = Object.hasOwn(RENDER, block.type) ? RENDER[block.type] : null;
  return render ? render(block, host) : el("div", { class: "unknown", text: `This content can't be displayed (${block.type}).` });
}
