/** One position in the recording that the waveform, the transcript and the findings share. */
export class Player {
  private stillAt_s = 0;
  private readonly listeners: Array<(now_s: number, jumped: boolean) => void> = [];

  /** `media` is null where nothing can be played: the position then moves by seeking alone. */
  constructor(public media: HTMLMediaElement | null) {
    if (!media) return;
    for (const kind of ["seeking", "seeked", "timeupdate", "loadedmetadata"]) {
      media.addEventListener(kind, () => this.tell());
    }
    media.addEventListener("play", () => this.watch());
    media.addEventListener("error", () => this.giveUp());
    if (media.error) this.giveUp();
  }

  get now_s(): number {
    return this.media ? this.media.currentTime : this.stillAt_s;
  }

  /** `jumped` is true when somebody asked for just this moment, so that it should come into view. */
  onMove(listener: (now_s: number, jumped: boolean) => void): void {
    this.listeners.push(listener);
  }

  seek(to_s: number): void {
    if (this.media) this.media.currentTime = to_s;
    else this.stillAt_s = to_s;
    this.tell();
  }

  playFrom(from_s: number): void {
    this.seek(from_s);
    this.tell(true);
    this.start();
  }

  toggle(): void {
    if (this.media && !this.media.paused) this.media.pause();
    else this.start();
  }

  private start(): void {
    // Refused before the first click on a page, or when the file cannot be decoded: the position still stands.
    this.media?.play().catch(() => undefined);
  }

  private tell(jumped = false): void {
    for (const listener of this.listeners) listener(this.now_s, jumped);
  }

  /** Between two `timeupdate`s lie up to 250 ms, longer than a word: while it plays, each frame is told. */
  private watch(): void {
    const step = (): void => {
      if (!this.media || this.media.paused || this.media.ended) return;
      this.tell();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  private giveUp(): void {
    if (!this.media) return;
    this.media.hidden = true;
    this.media = null;
    document.getElementById("media-problem")?.removeAttribute("hidden");
  }
}
