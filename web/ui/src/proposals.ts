import { forgetDraft, keepDraft } from "./draft";

const sent = document.querySelector<HTMLElement>("[data-sent]");
if (sent) {
  forgetDraft(sent.dataset.sent ?? "");
  // Loaded again it must not forget what is typed next.
  const here = new URL(location.href);
  for (const name of ["sent", "decided"]) here.searchParams.delete(name);
  history.replaceState(history.state, "", here);
}

function keepDrafts(): void {
  for (const area of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")) keepDraft(area);
}

keepDrafts();
// Other weeks of the standard bring the whole page anew.
document.addEventListener("htmx:afterSettle", keepDrafts);
