/* The menu of global shortcuts. */

import { act } from "./acts.js";
import { el } from "./dom.js";

/** A button that opens the menu. */
export function shortcuts(app) {
  const menu = el("div", { class: "menu", role: "menu", hidden: true });
  const open = () => {
    menu.replaceChildren(...(app.scene.globals ?? []).map((shortcut) => el("button", {
      type: "button", role: "menuitem", text: shortcut.name,
      onclick: () => { menu.hidden = true; act("shortcut", { as: app.viewer, callback_id: shortcut.callback_id }); },
    })));
    menu.hidden = !menu.hidden;
  };
  const box = el("div", { class: "shortcuts" }, menu,
    el("button", { class: "bolt", type: "button", "aria-haspopup": "menu", text: "⚡ Shortcuts", onclick: open }));
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) menu.hidden = true; });
  return box;
}
