import { listenToKeys } from "./keys";

/** Moves the focus so many interactions on; from elsewhere to the first or last one. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLAnchorElement>("a.row")];
  const at = rows.findIndex((row) => row.closest("tr")?.contains(document.activeElement));
  const next = at < 0 ? rows.at(by > 0 ? 0 : -1) : rows[at + by];
  next?.focus();
  next?.closest("tr")?.scrollIntoView({ block: "nearest" });
}

function choose(): void {
  document.activeElement?.closest("tr")?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
}

function turn(rel: string): void {
  document.querySelector<HTMLAnchorElement>(`.pages a[rel=${rel}]`)?.click();
}

listenToKeys({
  j: () => step(1),
  k: () => step(-1),
  x: choose,
  n: () => turn("next"),
  p: () => turn("prev"),
  "/": () => document.querySelector<HTMLInputElement>("#search")?.focus(),
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !(event.target as Element).matches("#search")) return;
  // Else browsers empty the field, and the list is asked for without its words.
  event.preventDefault();
  step(1);
});
