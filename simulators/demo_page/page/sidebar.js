/* The sidebar: conversations, and the person you act as. */

import { el } from "./dom.js";
import { face, kite, shown } from "./faces.js";

const ROLE = { admin: "Workspace admin", member: "Member", guest: "Guest (no permissions)" };

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

function personButton(app, person) {
  const me = person.id === app.viewer;
  return el("button", {
    type: "button", role: "radio", "aria-checked": String(me), class: me ? "person here" : "person", onclick: () => app.become(person.id),
  }, face(person, "small"), el("span", {}, el("b", { text: shown(person) }), el("small", { text: ROLE[role(person)] })));
}

/** Renders the sidebar. */
export function sidebar(app, box) {
  const { people, channels, team } = app.scene;
  const persons = Object.values(people).filter((person) => !person.is_bot && !person.deleted);
  const rooms = channels.filter((channel) => channel.kind !== "im");
  const direct = channels.filter((channel) => channel.kind === "im" && channel.members.some((id) => people[id]?.is_bot) && channel.members.includes(app.viewer));
  box.replaceChildren(
    el("div", { class: "team" }, kite(), el("div", {}, el("b", { text: team.name }), el("small", { text: "Kitestring demo" }))),
    el("nav", { "aria-label": "Conversations" },
      el("h3", { text: "Channels" }), rooms.map((channel) => place(app, channel)),
      el("h3", { text: "Direct messages" }), direct.map((channel) => place(app, channel))),
    el("div", { class: "persons", role: "radiogroup", "aria-label": "Acting as" }, el("h3", { text: "Acting as" }), persons.map((person) => personButton(app, person))));
}
