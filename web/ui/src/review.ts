import type { Findings } from "./findings";
import { gettext } from "./words";

const DRAFT = "comport.draft ";

/** So often an open page asks whether somebody else said something. */
const ASK_MS = 10_000;

/** Keeps what a reviewer says without leaving the page, and what they typed until it is kept. */
export class Reviewing {
  private newest = this.newestShown();
  private busy = false;

  constructor(private readonly findings: Findings) {
    for (const area of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")) this.keepDraft(area);
    document.addEventListener("submit", (event) => {
      const form = (event.target as Element).closest<HTMLFormElement>("form[data-review]");
      if (!form) return;
      event.preventDefault();
      void this.send(form, (event as SubmitEvent).submitter);
    });
    document.addEventListener("keydown", (event) => this.onKey(event));
    const judged = document.querySelector<HTMLElement>("[data-newest]");
    if (judged) window.setInterval(() => void this.ask(judged.dataset.newest ?? ""), ASK_MS);
  }

  /** Presses the button of the `n`th verdict of the current finding. */
  say(n: number): void {
    this.findings.current?.querySelectorAll<HTMLButtonElement>(".choices button")[n]?.click();
  }

  comment(): void {
    const details = this.findings.current?.querySelector<HTMLDetailsElement>("details.comment");
    if (!details) return;
    details.open = true;
    details.querySelector("textarea")?.focus();
  }

  next(): void {
    document.querySelector<HTMLAnchorElement>("[data-next]")?.click();
  }

  private keepDraft(area: HTMLTextAreaElement): void {
    const key = DRAFT + (area.dataset.draft ?? "");
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

  private onKey(event: KeyboardEvent): void {
    const area = (event.target as Element).closest<HTMLTextAreaElement>("textarea[data-draft]");
    const finding = area?.closest<HTMLElement>(".finding");
    if (!area || !finding) return;
    if (event.key === "Escape") this.findings.select(finding);
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const order = ["met", "missed", "no_opportunity", "cannot_tell"];
    const stands = order.findIndex((verdict) => finding.classList.contains(verdict));
    finding.querySelectorAll<HTMLButtonElement>(".choices button")[stands]?.click();
  }

  private async send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form, submitter) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.status === 409) {
        await this.renew();
        this.tell(form, page.querySelector("main .detail")?.textContent ?? "");
        return;
      }
      if (!answer.ok || !page.querySelector("[data-newest]")) {
        this.tell(form, gettext("Not kept: ") + (page.querySelector("main .detail")?.textContent ?? answer.statusText));
        return;
      }
      const area = form.querySelector<HTMLTextAreaElement>("textarea[data-draft]");
      if (area) {
        localStorage.removeItem(DRAFT + (area.dataset.draft ?? ""));
        area.value = "";
        const details = area.closest("details");
        if (details) details.open = false;
      }
      this.tell(form, "");
      this.swap(page);
      const finding = form.closest<HTMLElement>(".finding");
      if (finding) this.findings.select(finding);
    } catch {
      this.tell(form, gettext("Not kept: the server does not answer. What you typed stays here; try again."));
    } finally {
      this.busy = false;
    }
  }

  private tell(form: HTMLFormElement, text: string): void {
    const place = form.querySelector("[data-problem]");
    if (place) place.textContent = text.trim();
  }

  /** Takes what changed of a newer copy of this page; what people typed stays. */
  private swap(page: Document): void {
    for (const fresh of page.querySelectorAll<HTMLElement>("[data-swap]")) {
      const old = document.querySelector<HTMLElement>(`[data-swap="${CSS.escape(fresh.dataset.swap ?? "")}"]`);
      if (old && old.outerHTML !== fresh.outerHTML) old.replaceWith(document.adoptNode(fresh));
    }
    for (const fresh of page.querySelectorAll<HTMLElement>(".finding")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      const current = old.classList.contains("current");
      old.className = fresh.className;
      old.classList.toggle("current", current);
    }
    this.newest = this.newestShown();
  }

  private newestShown(): number {
    const seen = document.querySelectorAll<HTMLInputElement>('input[name="seen"]');
    return Math.max(0, ...[...seen].map((one) => Number(one.value)));
  }

  private async renew(): Promise<void> {
    const answer = await fetch(location.href);
    if (answer.ok) this.swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }

  private async ask(address: string): Promise<void> {
    if (document.hidden || this.busy || !address) return;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.ok && ((await answer.json()) as { newest: number }).newest > this.newest) await this.renew();
    } catch {
      // The server is away for a moment: it is asked again.
    }
  }
}
