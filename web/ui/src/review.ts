import { forgetDraft, keepDraft } from "./draft";
import type { Findings } from "./findings";

const VERDICTS = ["met", "missed", "no_opportunity", "cannot_tell"];

/** What a reviewer says by keys, and what they typed until it is kept; htmx sends it and brings what changed. */
export class Reviewing {
  constructor(private readonly findings: Findings) {
    for (const area of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")) keepDraft(area);
    document.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("htmx:afterRequest", (event) => {
      const { elt, xhr } = (event as CustomEvent<{ elt: Element; xhr: XMLHttpRequest }>).detail;
      this.mark();
      const form = elt.closest<HTMLFormElement>("form[data-review]");
      if (form && xhr.status === 200) this.kept(form);
    });
  }

  /** Presses the button of the `n`th verdict of the current finding. */
  say(n: number): void {
    this.findings.current?.querySelectorAll<HTMLButtonElement>(".choices button")[n]?.click();
  }

  comment(): void {
    if (!this.findings.current) this.findings.step(1);
    const details = this.findings.current?.querySelector<HTMLDetailsElement>("details.comment");
    if (!details) return;
    details.open = true;
    details.querySelector("textarea")?.focus();
  }

  next(): void {
    document.querySelector<HTMLAnchorElement>("[data-next]")?.click();
  }

  private onKey(event: KeyboardEvent): void {
    const area = (event.target as Element).closest<HTMLTextAreaElement>("textarea[data-draft]");
    const finding = area?.closest<HTMLElement>(".finding");
    if (!area || !finding) return;
    if (event.key === "Escape") this.findings.select(finding);
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const stands = VERDICTS.findIndex((verdict) => finding.classList.contains(verdict));
    finding.querySelectorAll<HTMLButtonElement>(".choices button")[stands]?.click();
  }

  private kept(form: HTMLFormElement): void {
    const area = form.querySelector<HTMLTextAreaElement>("textarea[data-draft]");
    if (area) {
      forgetDraft(area.dataset.draft ?? "");
      // In a calibration one's own comment is changed where it stands.
      if (!("changes" in form.dataset)) {
        area.value = "";
        const details = area.closest("details");
        if (details) details.open = false;
      }
    }
    const finding = form.closest<HTMLElement>(".finding");
    if (finding) this.findings.select(finding);
  }

  /** A finding has the colour of the verdict that stands. */
  private mark(): void {
    for (const mark of document.querySelectorAll<HTMLElement>(".marked[data-verdict]")) {
      const finding = mark.closest(".finding");
      const now = mark.dataset.verdict ?? "";
      if (!finding || finding.classList.contains(now)) continue;
      finding.classList.remove(...VERDICTS);
      finding.classList.add(now);
    }
  }
}
