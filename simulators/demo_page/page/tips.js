/* Tips for people who are new here. */

import { el } from "./dom.js";

const KEPT = "kitestring-tips";

/** The panel above the composer. Hidden, it stays hidden until it's called back; a tip is ticked off once it's done. */
export class Tips {
  constructor(app) {
    this.app = app;
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    this.done = new Set(kept.done);
    this.hidden = Boolean(kept.hidden);
    this.node = el("aside", { class: "tries", "aria-label": "Tips" });
    this.opener = el("button", { type: "button", class: "button small tips-button", "aria-expanded": "true", onclick: () => this.toggle() });
    document.addEventListener("acted", (event) => this.notice(event.detail));
    this.draw();
  }

  draw() {
    const tips = this.app.hints.tries;
    const number = tips.filter((tip) => this.done.has(tip.title)).length;
    const cards = tips.map((tip, index) => {
      const done = this.done.has(tip.title);
      return el("button", { type: "button", class: done ? "try done" : "try", onclick: () => this.take(tip) },
        el("span", { class: "try-number", text: done ? "✓" : String(index + 1) }),
        el("span", {}, el("b", { text: tip.title }, done && el("span", { class: "unseen", text: " (done)" })),
          tip.text && el("code", { text: tip.text }), el("small", { text: tip.detail })));
    });
    this.node.replaceChildren(
      el("div", { class: "tries-head" }, el("b", { text: number ? `Try this: ${number} of ${tips.length} done` : "New here? Try this" }),
        el("button", { class: "close small", type: "button", "aria-label": "Hide tips", text: "✕", onclick: () => this.toggle() })),
      el("div", { class: "tries-row", tabindex: "0", role: "group", "aria-label": "Tips" }, cards));
    this.node.hidden = this.hidden || !tips.length;
    this.opener.hidden = !tips.length;
    this.opener.textContent = `Tips ${number}/${tips.length}`;
    this.opener.setAttribute("aria-expanded", String(!this.hidden));
  }

  toggle() {
    this.hidden = !this.hidden;
    this.keep();
  }

  keep() {
    localStorage.setItem(KEPT, JSON.stringify({ hidden: this.hidden, done: [...this.done] }));
    this.draw();
  }

  /** Prepares a tip: the person, and what they type or look at. */
  take(tip) {
    if (tip.as) this.app.become(tip.as);
    if (tip.panel) this.app.openPanel(tip.panel);
    if (tip.thread) this.app.openNewestThread(tip.text);
    else if (tip.text) this.app.write(tip.text);
  }

  /** Ticks off the tips that an action of the person fulfils. */
  notice({ name, details }) {
    const fulfilled = this.app.hints.tries.filter((tip) => !this.done.has(tip.title)
      && name === (tip.done ?? "post") && (tip.done ? JSON.stringify(details).includes(tip.form ?? "") : isSameCommand(details.text, tip.text)));
    for (const tip of fulfilled) this.done.add(tip.title);
    if (fulfilled.length) this.keep();
  }
}

/** Returns whether a text is the tip's command, whatever options follow. */
function isSameCommand(text, wanted) {
  const command = wanted?.split(" -")[0];
  return Boolean(command) && (text === command || text.startsWith(`${command} `));
}
