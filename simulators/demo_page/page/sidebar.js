/* Where one is and who one is. */

import { el } from "./dom.js";
import { face, kite, shown } from "./faces.js";

const ROLE = { admin: "Workspace admin", member: "Member", guest: "Guest, without rights" };

function role(person) {
  return person.is_admin ? "admin" : person.is_guest ? "guest" : "member";
}

function place(app, channel) {
  const direct = channel.kind === "im";
  const here = channel.id === app.channel.id;
  return el("button", {
    type: "button", class: `place${here ? " here" : ""}${app.unread(channel) ? " unread" : ""}`, "aria-current": here ? "page" : undefined,
    onclick: () => app.openChannel(channel.id),
  }, direct ? face({ is_bot: true }, "tiny") : el("span", { class: "hash", "aria-hidden": "true", text: channel.kind === "group" ? "🔒" : "#" }),
  el("span", { text: direct ? "Kitestring" : channel.name }));
}

function who(app, person) {
  const me = person.id === app.viewer;
  return el("button", {
    type: "button", role: "radio", "aria-checked": String(me), class: me ? "person here" : "person", onclick: () => app.become(person.id),
  }, face(person, "small"), el("span", {}, el("b", { text: shown(person) }), el("small", { text: ROLE[role(person)] })));
}

/** Draws the whole sidebar. */
export function sidebar(app, box) {
  const { people, channels, team } = app.scene;
  const persons = Object.values(people).filter((one) => !one.is_bot && !one.deleted);
  const rooms = channels.filter((one) => one.kind !== "im");
  const direct = channels.filter((one) => one.kind === "im" && one.members.some((id) => people[id]?.is_bot) && one.members.includes(app.viewer));
  box.replaceChildren(
    el("div", { class: "team" }, kite(), el("div", {}, el("b", { text: team.name }), el("small", { text: "Kitestring demo" }))),
    el("nav", { "aria-label": "Conversations" },
      el("h3", { text: "Channels" }), rooms.map((one) => place(app, one)),
      el("h3", { text: "Direct messages" }), direct.map((one) => place(app, one))),
    el("div", { class: "persons", role: "radiogroup", "aria-label": "You are" }, el("h3", { text: "You are" }), persons.map((one) => who(app, one))));
}
