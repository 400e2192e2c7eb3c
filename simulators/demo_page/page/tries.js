/* Things to try, for those who came just now. */

import { el } from "./dom.js";

/** The panel above the composer; it can be put away. */
export class Tries {
  constructor(app) {
    this.app = app;
    this.done = new Set();
    this.node = el("aside", { class: "tries", "aria-label": "Things to try", hidden: !app.hints.tries.length });
    this.draw();
  }

  draw() {
    const cards = this.app.hints.tries.map((one, place) => el("button", {
      type: "button", class: this.done.has(place) ? "try done" : "try", onclick: () => this.take(one, place),
    }, el("span", { class: "try-number", text: this.done.has(place) ? "✓" : String(place + 1) }),
    el("span", {}, el("b", { text: one.title }), one.text && el("code", { text: one.text }), el("small", { text: one.detail }))));
    this.node.replaceChildren(
      el("div", { class: "tries-head" }, el("b", { text: "New here? Things to try" }),
        el("button", { class: "close small", type: "button", "aria-label": "Hide", text: "✕", onclick: () => { this.node.hidden = true; } })),
      el("div", { class: "tries-row" }, cards));
  }

  take(one, place) {
    this.done.add(place);
    this.draw();
    if (one.as) this.app.become(one.as);
    if (one.thread) this.app.openNewestThread(one.text);
    else if (one.text) this.app.write(one.text);
  }
}
