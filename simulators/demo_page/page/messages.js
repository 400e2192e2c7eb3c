/* Messages as rows: author, time, content and actions. */

import { act } from "./acts.js";
import { renderBlock } from "./blocks.js";
import { clock, count, el } from "./dom.js";
import { face, shown } from "./faces.js";
import { file } from "./files.js";
import { glyph, pictured } from "./glyphs.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

/** The surroundings of a message's blocks: clicks are sent to the server. */
function host(message, app) {
  const where = { as: app.viewer, channel: message.channel, ts: message.ts };
  const send = (name, block, element, more) =>
    act(name, { ...where, block_id: block.block_id, action_id: element.action_id, ...more });
  return {
    names: app.names,
    people: () => Object.values(app.scene.people),
    channels: () => app.scene.channels,
    entry: () => null,
    error: () => null,
    label: (block, element) => element.placeholder?.text ?? "Choose",
    press: (block, element, more) => send("click", block, element, { option: more.selected_option?.value }),
    changed: (block, element, entry) => send("pick", block, element, { entry }),
    search: (block, element, query) => send("search", block, element, { query }),
  };
}

function tools(message, app) {
  const items = app.scene.shortcuts.map((shortcut) => el("button", {
    class: "tool wide", type: "button", text: shortcut.name,
    onclick: () => act("shortcut", { as: app.viewer, channel: message.channel, ts: message.ts, callback_id: shortcut.callback_id }),
  }));
  const reply = el("button", {
    class: "tool wide", type: "button", text: "Reply in thread",
    onclick: () => app.openThread(message.channel, message.thread_ts ?? message.ts),
  });
  return el("div", { class: "tools" }, reply, items);
}

function replies(message, app) {
  const under = app.replies(message);
  if (!under.length) return null;
  const who = [...new Set(under.map((reply) => reply.user))].slice(0, 3);
  return el("button", {
    class: "replies", type: "button", onclick: () => app.openThread(message.channel, message.ts),
  }, who.map((user) => face(app.scene.people[user], "tiny")),
  el("span", { class: "replies-count", text: count(under.length, "reply", "replies") }),
  el("span", { class: "replies-last", text: `Last reply at ${clock(under.at(-1).ts)}` }));
}

function reactions(message) {
  const given = message.reactions ?? [];
  return given.length > 0 && el("div", { class: "reactions" },
    given.map((reaction) => el("span", { class: "reaction" }, pictured(`${emoji(reaction.name) ?? reaction.name} ${reaction.count}`))));
}

function content(message, app) {
  const own = host(message, app);
  const blocks = message.blocks ?? [];
  if (!blocks.length) return el("div", { class: "text" }, mrkdwn(message.text ?? "", app.names));
  if (blocks.length === 1 && blocks[0].type === "rich_text" && !message.bot_id) {
    return el("div", { class: "text" }, mrkdwn(message.text ?? "", app.names));
  }
  return el("div", { class: "blocks" }, blocks.map((block) => renderBlock(block, own)));
}

/** What apps show below the links of a message. */
function previews(message, app) {
  const own = host(message, app);
  const where = { as: app.viewer, ts: message.ts };
  return Object.entries(message.unfurls ?? {}).map(([url, { blocks }]) => {
    const press = (block, element) => act("preview_click", { ...where, url, block_id: block.block_id, action_id: element.action_id });
    return el("div", { class: "preview blocks" }, blocks.map((block) => renderBlock(block, { ...own, press })));
  });
}

function privately(message, app) {
  return message.ephemeral && el("div", { class: "only-you" }, glyph("👁"), "Only visible to you",
    el("button", { class: "dismiss", type: "button", text: "Dismiss", onclick: () => app.dismiss(message) }));
}

/** Renders a message; `compact` leaves the author out, `flash` highlights a recent change. */
export function row(message, app, { compact = false, flash = false, inThread = false } = {}) {
  const person = app.scene.people[message.user];
  const head = el("div", { class: "head" },
    el("span", { class: "name", text: shown(person) }), person?.is_bot && el("span", { class: "badge", text: "APP" }),
    el("time", { class: "when", text: clock(message.ts) }));
  const body = el("div", { class: "body" },
    privately(message, app), !compact && head, content(message, app), previews(message, app),
    message.edited && el("span", { class: "edited", text: "(edited)" }),
    (message.files ?? []).map((named) => file(named, app.scene.files)),
    reactions(message), !inThread && !message.ephemeral && replies(message, app));
  const side = compact ? el("time", { class: "side-time", text: clock(message.ts).replace(/ .M$/, "") }) : face(person);
  const kind = `row${compact ? " compact" : ""}${message.ephemeral ? " private" : ""}${flash ? " flash" : ""}`;
  return el("article", { class: kind, "data-ts": message.ts }, el("div", { class: "side" }, side), body,
    !message.ephemeral && tools(message, app));
}

const acting = (message) => (message.blocks ?? []).some((block) => block.type === "actions");

/** Marks messages that follow one of the same person within five minutes as compact. */
export function grouped(messages) {
  return messages.map((message, place) => {
    const before = messages[place - 1];
    const near = before && Number(message.ts) - Number(before.ts) < 300;
    return { message, compact: Boolean(near && before.user === message.user && !before.ephemeral && !message.ephemeral && !acting(message)) };
  });
}
