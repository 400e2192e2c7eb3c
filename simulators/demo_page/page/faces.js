/* Avatars: the kite of the bot, colored initials of people. */

import { el, svg } from "./dom.js";

/** The project's kite. */
export function kite(kind = "kite") {
  return svg("svg", { class: kind, viewBox: "0 0 40 40", role: "img", "aria-label": "Kitestring" },
    svg("rect", { width: "40", height: "40", rx: "9", class: "kite-sky" }),
    svg("path", { class: "kite-string", d: "M14.5 25.5c-4 .6-4.6 4-2 4.6 2.6.6 3.2-2 1-3.4-3.2-1.8-8.5 1.2-8.5 7.3" }),
    svg("path", { class: "kite-left", d: "M32 7 17.5 11.5 14.5 25.5Z" }),
    svg("path", { class: "kite-right", d: "M32 7 28.3 22.2 14.5 25.5Z" }),
    svg("path", { class: "kite-spar", d: "M32 7 14.5 25.5M17.5 11.5 28.3 22.2" }));
}

function hue(id) {
  return [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;
}

/** A person's or app's picture. */
export function face(person, size = "") {
  if (person?.is_bot) return el("span", { class: `face bot ${size}` }, kite());
  const name = shown(person);
  return el("span", { class: `face tone-${hue(person?.id ?? "?")} ${size}`, "aria-hidden": "true", text: name.slice(0, 1).toUpperCase() });
}

/** The name as people see it. */
export function shown(person) {
  if (!person) return "Slackbot";
  return person.is_bot ? "Kitestring" : (person.real_name || person.name).replace(/ Example$/, "");
}
