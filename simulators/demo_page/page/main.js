/* Joins the parts: the scene comes in as server-sent events, and every part shows it. */

import { act, toast } from "./acts.js";
import { el } from "./dom.js";
import { shown } from "./faces.js";
import { Modal } from "./modal.js";
import { ChannelPane, ThreadPane } from "./panes.js";
import { Panel } from "./panel.js";
import { sidebar } from "./sidebar.js";
import { Tries } from "./tries.js";

class App {
  constructor(hints) {
    this.hints = hints;
    this.viewer = hints.first;
    this.scene = null;
    this.channelId = null;
    this.thread = null;
    this.seen = new Map();
    this.said = 0;
    this.dismissed = new Set();
    this.tab = "messages";
    this.names = {
      person: (id) => this.scene.people[id] && shown(this.scene.people[id]),
      channel: (id) => this.scene.channels.find((one) => one.id === id)?.name,
    };
    this.tries = new Tries(this);
    this.channelPane = new ChannelPane(this, document.getElementById("channel"));
    this.threadPane = new ThreadPane(this, document.getElementById("thread"));
    this.panel = new Panel(document.getElementById("panel"));
    this.modal = new Modal(this);
    this.listen();
  }

  get channel() {
    return this.channelOf(this.channelId) ?? this.scene.channels[0];
  }

  channelOf(id) {
    return this.scene.channels.find((one) => one.id === id);
  }

  messageAt({ channel, ts }) {
    return this.channelOf(channel)?.messages.find((one) => one.ts === ts);
  }

  replies(message) {
    const under = this.channelOf(message.channel)?.messages ?? [];
    return under.filter((one) => one.thread_ts === message.ts && one.ts !== message.ts);
  }

  filesOf(message) {
    return (message.files ?? []).map((file) => this.scene.files.find((one) => one.id === file.id)?.text?.length ?? 0);
  }

  unread(channel) {
    const last = channel.messages.at(-1)?.ts ?? "";
    if (channel.id === this.channel.id || !this.seen.has(channel.id)) this.seen.set(channel.id, last);
    return this.seen.get(channel.id) < last;
  }

  /** Follows what this viewer sees; the browser reconnects by itself. */
  listen() {
    this.stream?.close();
    this.stream = new EventSource(`/events?as=${encodeURIComponent(this.viewer)}`);
    this.stream.addEventListener("scene", (event) => this.show(JSON.parse(event.data)));
    this.stream.addEventListener("open", () => document.body.classList.remove("offline"));
    this.stream.addEventListener("error", () => document.body.classList.add("offline"));
  }

  show(scene) {
    const before = this.scene?.viewer === scene.viewer ? this.said : scene.problems.length;
    this.scene = scene;
    for (const channel of scene.channels) channel.messages = channel.messages.filter((one) => !this.dismissed.has(one.ts));
    this.channelId ??= scene.channels[0].id;
    scene.problems.slice(before).forEach((one) => toast(problem(one)));
    this.said = scene.problems.length;
    this.draw();
    document.body.classList.add("ready");
  }

  draw() {
    sidebar(this, document.getElementById("sidebar"));
    this.channelPane.show();
    this.threadPane.show();
    this.panel.show(this.scene.buildkite);
    this.modal.show(this.scene.modal);
  }

  become(user) {
    if (user === this.viewer) return;
    this.viewer = user;
    this.seen.clear();
    this.tab = "messages";
    this.listen();
  }

  openChannel(id) {
    this.channelId = id;
    this.tab = "messages";
    if (this.thread && this.thread.channel !== id) this.thread = null;
    this.draw();
    this.channelPane.composer.querySelector("textarea").focus();
  }

  openTab(name) {
    this.tab = name;
    if (name === "home") act("open_home", { as: this.viewer });
    this.draw();
  }

  openThread(channel, ts) {
    this.thread = { channel, ts };
    this.draw();
    this.threadPane.composer.querySelector("textarea").focus();
  }

  openNewestThread(text) {
    const mine = this.channel.messages.filter((one) => one.bot_id && !one.is_reply && !one.ephemeral);
    if (!mine.length) { toast("Start a build first: then it has a card, and the card a thread."); return; }
    this.openThread(this.channel.id, mine.at(-1).ts);
    if (text) this.threadPane.composer.write(text);
  }

  dismiss(message) {
    this.dismissed.add(message.ts);
    this.show(this.scene);
  }

  closeThread() {
    this.thread = null;
    this.draw();
  }

  write(text) {
    this.channelPane.composer.write(text);
  }

  panelButton() {
    return el("button", {
      type: "button", class: "button small panel-button", text: "Buildkite",
      onclick: () => document.body.classList.toggle("panel-open"),
    });
  }
}

function problem({ about, problem: reason }) {
  return `Slack: “${about}” failed (${reason}).`;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) window.kitestring?.closeThread();
});

const hints = await (await fetch("/hints.json")).json();
window.kitestring = new App(hints);
