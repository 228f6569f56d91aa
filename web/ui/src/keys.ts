const STORED = "comport.keys";

/** What keys do on this page, beside its list of them. Single letters can be switched off (WCAG 2.1.4). */
export function listenToKeys(actions: Record<string, () => void>): void {
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
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-keys]")) dialog?.showModal();
  });
  const all: Record<string, () => void> = { "?": () => dialog?.showModal(), ...actions };
  document.addEventListener("keydown", (event) => {
    const action = all[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!on || !action || dialog?.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], audio, video")) return;
    // Space and Enter belong to a control that has the focus; on a link only Enter does.
    if (event.key === " " && target.closest("button, summary, input")) return;
    if (event.key === "Enter" && target.closest("button, summary, input, a")) return;
    event.preventDefault();
    action();
  });
}
