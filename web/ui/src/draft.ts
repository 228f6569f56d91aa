const DRAFT = "comport.draft ";

/** Under what a text is kept: another account on the same browser is shown none of it. */
function keyOf(name: string): string {
  const account = document.querySelector<HTMLElement>("[data-account]")?.dataset.account ?? "";
  return `${DRAFT}${account}\n${name}`;
}

const watched = new WeakSet<HTMLTextAreaElement>();

/** Puts back what was typed and not sent yet, and keeps what is typed from now on, in this browser. */
export function keepDraft(area: HTMLTextAreaElement): void {
  if (watched.has(area)) return;
  watched.add(area);
  const key = keyOf(area.dataset.draft ?? "");
  const kept = localStorage.getItem(key);
  if (kept) {
    area.value = kept;
    const details = area.closest("details");
    if (details) details.open = true;
  }
  area.addEventListener("input", () => {
    if (area.value) localStorage.setItem(key, area.value);
    else localStorage.removeItem(key);
  });
}

/** Forgets what was typed under this name: it was sent. */
export function forgetDraft(name: string): void {
  localStorage.removeItem(keyOf(name));
}
