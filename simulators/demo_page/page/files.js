/* A file in a message: a preview of its text, and a download link. */

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { glyph, pictured } from "./glyphs.js";

const LINES = 8;

function size(text) {
  const bytes = new Blob([text]).size;
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KB`;
}

function formatSize(found) {
  return found?.picture ? `${(found.size / 1024).toFixed(1)} KB` : size(found?.text ?? "");
}

/** Renders a message's file; `known` has the texts of all files and the descriptions of images. */
export function file(named, known) {
  const found = known.find((file) => file.id === named.id);
  const link = `/files/${encodeURIComponent(named.id)}`;
  const text = found?.text ?? "";
  const lines = text.split("\n");
  const preview = el("pre", { text: lines.slice(0, LINES).join("\n") });
  const more = lines.length > LINES && el("button", {
    class: "link", type: "button", text: `Show all ${lines.length} lines`,
    onclick: () => { preview.textContent = text; more.remove(); },
  });
  return el("div", { class: "file" },
    el("div", { class: "file-head" }, glyph("📄"),
      el("span", { class: "file-name" }, pictured(withEmoji(named.title ?? named.name))), el("span", { class: "file-size", text: formatSize(found) }),
      el("a", { class: "button small", href: link, download: named.name, text: "Download" })),
    found?.picture ? el("img", { class: "file-picture", src: link, alt: found.alt || named.name }) : [preview, more]);
}
