/* Tips for people who are new here. */

import { el } from "./dom.js";

/** The panel above the composer; it can be hidden. */
export class Tips {
  constructor(app) {
    this.app = app;
    this.done = new Set();
    this.node = el("aside", { class: "tries", "aria-label": "Tips", hidden: !app.hints.tries.length });
    this.draw();
  }

  draw() {
    const cards = this.app.hints.tries.map((tip, index) => el("button", {
      type: "button", class: this.done.has(index) ? "try done" : "try", onclick: () => this.take(tip, index),
    }, el("span", { class: "try-number", text: this.done.has(index) ? "✓" : String(index + 1) }),
    el("span", {}, el("b", { text: tip.title }), tip.text && el("code", { text: tip.text }), el("small", { text: tip.detail }))));
    this.node.replaceChildren(
      el("div", { class: "tries-head" }, el("b", { text: "New here? Try this" }),
        el("button", { class: "close small", type: "button", "aria-label": "Hide", text: "✕", onclick: () => { this.node.hidden = true; } })),
      el("div", { class: "tries-row" }, cards));
  }

  take(tip, index) {
    this.done.add(index);
    this.draw();
    if (tip.as) this.app.become(tip.as);
    if (tip.thread) this.app.openNewestThread(tip.text);
    else if (tip.text) this.app.write(tip.text);
  }
}
