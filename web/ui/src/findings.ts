import type { Player } from "./player";

/** A moment of a finding, as its chip on the page says. */
export interface Moment {
  finding: HTMLElement;
  chip: HTMLElement;
  verdict: string;
  searched: boolean;
  start_s: number;
  end_s: number;
}

/** The findings of the shown scorecard, one of which may be the current one. */
export class Findings {
  readonly moments: Moment[] = [];
  private readonly all = [...document.querySelectorAll<HTMLElement>(".finding")];
  private readonly listeners: Array<(finding: HTMLElement | null) => void> = [];
  current: HTMLElement | null = null;

  constructor(private readonly player: Player) {
    for (const finding of this.all) {
      for (const chip of finding.querySelectorAll<HTMLElement>("[data-moment]")) {
        this.moments.push({
          finding,
          chip,
          verdict: chip.dataset.verdict ?? "",
          searched: chip.classList.contains("searched"),
          start_s: Number(chip.dataset.moment),
          end_s: Number(chip.dataset.end),
        });
      }
    }
    document.addEventListener("click", (event) => this.onClick(event));
  }

  onSelect(listener: (finding: HTMLElement | null) => void): void {
    this.listeners.push(listener);
  }

  select(finding: HTMLElement, scroll = true): void {
    this.current?.classList.remove("current");
    this.current = finding;
    finding.classList.add("current");
    if (scroll) {
      finding.focus({ preventScroll: true });
      finding.scrollIntoView({ block: "nearest" });
    }
    for (const listener of this.listeners) listener(finding);
  }

  /** Selects the finding `by` places after the current one, the first when there is none. */
  step(by: number): void {
    const at = this.current ? this.all.indexOf(this.current) + by : 0;
    const next = this.all[Math.min(Math.max(at, 0), this.all.length - 1)];
    if (next) this.select(next);
  }

  playCurrent(): void {
    const chip = this.current?.querySelector<HTMLElement>("[data-seek]");
    if (chip) this.player.playFrom(Number(chip.dataset.seek));
  }

  private onClick(event: MouseEvent): void {
    const summary = (event.target as Element).closest<HTMLElement>("summary");
    const unfolded = summary?.closest<HTMLElement>(".finding");
    if (summary && unfolded && event.detail > 0) {
      // Unfolded by a pointer: the finding takes the focus, so that space plays and does not fold it up again.
      this.select(unfolded, false);
      unfolded.focus({ preventScroll: true });
    }
    const target = (event.target as Element).closest<HTMLElement>("[data-seek]");
    // With a modifier the link opens elsewhere, as links do.
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const finding = target.closest<HTMLElement>(".finding");
    if (finding) this.select(finding, false);
    // Without sound there is nothing to lead into: the moment itself is shown.
    this.player.playFrom(Number((this.player.media ? undefined : target.dataset.moment) ?? target.dataset.seek));
  }
}
