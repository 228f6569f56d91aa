import type { Findings } from "./findings";
import type { Player } from "./player";
import type { Reviewing } from "./review";

const STORED = "comport.keys";

/** Keys that play and go through the findings. Single letters can be switched off (WCAG 2.1.4). */
export function listenToKeys(player: Player, findings: Findings, reviewing: Reviewing): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  const choice = document.getElementById("keys-on") as HTMLInputElement | null;
  let on = localStorage.getItem(STORED) !== "off";
  if (choice) {
    choice.checked = on;
    choice.addEventListener("change", () => {
      on = choice.checked;
      localStorage.setItem(STORED, on ? "on" : "off");
    });
  }
  document.querySelector("[data-keys]")?.addEventListener("click", () => dialog?.showModal());

  const actions: Record<string, () => void> = {
    " ": () => player.toggle(),
    j: () => findings.step(1),
    k: () => findings.step(-1),
    Enter: () => findings.playCurrent(),
    "1": () => reviewing.say(0),
    "2": () => reviewing.say(1),
    "3": () => reviewing.say(2),
    "4": () => reviewing.say(3),
    c: () => reviewing.comment(),
    n: () => reviewing.next(),
    "?": () => dialog?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!on || !action || dialog?.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    if (target.closest("input, textarea, select, [contenteditable], audio, video")) return;
    // Space and Enter belong to a control that has the focus; on a link only Enter does.
    if (event.key === " " && target.closest("button, summary")) return;
    if (event.key === "Enter" && target.closest("button, summary, a")) return;
    event.preventDefault();
    action();
  });
}
