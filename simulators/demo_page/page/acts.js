/* What the person does is sent to the stage; what went wrong is said in a toast. */

import { el } from "./dom.js";

/** Says something for a few seconds at the foot of the page. */
export function toast(text) {
  const box = document.getElementById("toasts");
  const note = el("div", { class: "toast", role: "status", text });
  box.append(note);
  setTimeout(() => note.remove(), 7000);
}

/** POSTs an act; gives the answer's object, or null after a problem (which is shown). */
export async function act(name, details) {
  try {
    const response = await fetch(`/acts/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(details),
    });
    const answer = await response.json();
    if (answer.problem) toast(answer.problem);
    return answer.problem ? null : answer;
  } catch {
    toast("The demo does not answer. Is it still running?");
    return null;
  }
}

/** Runs `work` while the button shows that it is busy. */
export async function busily(button, work) {
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.classList.remove("busy");
    button.removeAttribute("aria-busy");
  }
}
