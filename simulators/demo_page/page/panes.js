/* The channel in the middle and the thread beside it. */

import { composer } from "./composer.js";
import { count, el, keyed } from "./dom.js";
import { shown } from "./faces.js";
import { HomePane, tabs } from "./home.js";
import { grouped, row } from "./messages.js";

/** A list that stays scrolled to its end, whatever grows or shrinks. */
function scroller(label) {
  const list = el("div", { class: "list", role: "log", "aria-live": "polite", "aria-label": label, tabindex: "0" });
  list.atEnd = true;
  list.addEventListener("scroll", () => { list.atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60; });
  new ResizeObserver(() => toEnd(list)).observe(list);
  return list;
}

function toEnd(list) {
  if (list.atEnd) list.scrollTop = list.scrollHeight;
}

/** Goes to the end, where the answer to the person's own message will be. */
function followEnd(list) {
  list.atEnd = true;
  toEnd(list);
}

function fill(list, subject, entries, make) {
  if (list.subject !== subject) {
    Object.assign(list, { subject, keyed: undefined, atEnd: true });
    list.replaceChildren();
  }
  keyed(list, entries, (entry) => entry.key, make);
  toEnd(list);
}

const changed = (before, entry) => Boolean(before?.message) && before.message.edits !== entry.message.edits;
const today = () => ({ key: "today", words: "Today" });
const divider = (entry) => el("div", { class: "divider" }, el("span", { text: entry.words }));

/** The open channel. */
export class ChannelPane {
  constructor(app, box) {
    this.app = app;
    this.title = el("h1");
    this.about = el("p");
    this.list = scroller("Messages");
    this.composer = composer(app, { label: "Message", sent: () => followEnd(this.list), place: () => ({ channel: app.channel.id }) });
    this.home = new HomePane(app);
    this.tabs = el("div");
    box.replaceChildren(el("header", { class: "pane-head" }, el("div", { class: "grow" }, this.title, this.about), app.tips.opener, app.panelButton()),
      this.tabs, this.home.node, this.list, app.tips.node, this.composer);
  }

  /** Shows the two tabs of the app's own conversation; all others have only messages. */
  #choose(own) {
    const home = own && this.app.tab === "home";
    this.tabs.replaceChildren(...(own ? [tabs(this.app)] : []));
    this.home.node.hidden = !home;
    this.list.hidden = this.composer.hidden = home;
    this.app.tips.node.classList.toggle("aside", home);
    if (home) this.home.show();
  }

  show() {
    const { app } = this;
    const channel = app.channel;
    const label = channel.kind === "im" ? "Kitestring" : `# ${channel.name}`;
    this.title.textContent = label;
    this.about.textContent = channel.kind === "im" ? "Direct message" : count(channel.members.length, "member");
    this.#choose(channel.kind === "im");
    this.composer.querySelector("textarea").placeholder = `Message ${label.replace("# ", "#")}`;
    const visible = channel.messages.filter((m) => !m.is_reply || m.broadcast || (m.ephemeral && !m.thread_ts));
    const entries = grouped(visible).map((entry) => ({ key: entry.message.ts, ...entry, replies: app.replies(entry.message).length, files: app.filesOf(entry.message) }));
    fill(this.list, `${channel.id} ${app.viewer}`, [{ key: "start", channel: label }, today(), ...entries], (entry, before) => {
      if (entry.key === "start") return welcome(entry.channel);
      return entry.message ? row(entry.message, app, { compact: entry.compact, flash: changed(before, entry) }) : divider(entry);
    });
  }
}

function welcome(label) {
  return el("div", { class: "welcome" }, el("h2", { text: label }),
    el("p", { text: "This is the beginning of the channel. Each build you start here gets a card, with its updates in a thread." }));
}

/** The open thread, if any. */
export class ThreadPane {
  constructor(app, box) {
    this.app = app;
    this.box = box;
    this.where = el("p");
    this.list = scroller("Thread");
    this.composer = composer(app, { label: "Reply…", inThread: true, sent: () => followEnd(this.list), place: () => ({ channel: app.thread.channel, thread_ts: app.thread.ts }) });
    box.replaceChildren(el("header", { class: "pane-head" }, el("div", { class: "grow" }, el("h1", { text: "Thread" }), this.where),
      el("button", { class: "close", type: "button", "aria-label": "Close thread", text: "✕", onclick: () => app.closeThread() })), this.list, this.composer);
  }

  show() {
    const { app } = this;
    const root = app.thread && app.messageAt(app.thread);
    this.box.hidden = !root;
    document.body.classList.toggle("with-thread", Boolean(root));
    if (!root) return;
    const channel = app.channelOf(app.thread.channel);
    this.where.textContent = channel.kind === "im" ? shown(app.scene.people[root.user]) : `#${channel.name}`;
    const replies = app.replies(root);
    const entries = [{ key: root.ts, message: root, compact: false }, { key: "count", words: count(replies.length, "reply", "replies") },
      ...grouped(replies).map((entry) => ({ key: entry.message.ts, ...entry, files: app.filesOf(entry.message) }))];
    fill(this.list, `${root.ts} ${app.viewer}`, entries, (entry, before) => entry.message
      ? row(entry.message, app, { compact: entry.compact, flash: changed(before, entry), inThread: true }) : divider(entry));
  }
}
