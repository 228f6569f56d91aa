import { gettext } from "./words";

/** What iPhones have in place of full screen: their own player, which shows nothing that is drawn over a video. */
interface OwnPlayer extends HTMLVideoElement {
  webkitExitFullscreen?: () => void;
}

/**
 * Where a video and what is drawn over it stand: both fill the screen together. While faces are to be covered,
 * the picture is hidden until the covers are there, and is nowhere shown without them.
 */
export class Screen {
  private readonly place: HTMLElement | null;
  private readonly note = document.getElementById("veiled");
  private readonly button = document.querySelector<HTMLButtonElement>("[data-full]");
  private covers = true;

  constructor(video: OwnPlayer) {
    this.place = video.closest(".screen");
    this.button?.addEventListener("click", () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void this.place?.requestFullscreen();
    });
    document.addEventListener("fullscreenchange", () => {
      if (this.covers && document.fullscreenElement === video) void document.exitFullscreen();
    });
    video.addEventListener("webkitbeginfullscreen", () => {
      if (this.covers) video.webkitExitFullscreen?.();
    });
    video.addEventListener("enterpictureinpicture", () => {
      if (this.covers) void document.exitPictureInPicture();
    });
    if (this.button && !document.fullscreenEnabled) this.button.hidden = true;
  }

  /** Says whether faces are to be covered; without covers the picture is shown at once. */
  cover(covers: boolean): void {
    this.covers = covers;
    this.place?.classList.toggle("covers", covers);
    if (!covers) this.show();
  }

  /** The covers are there. */
  show(): void {
    this.place?.classList.remove("veiled");
    if (this.note) this.note.hidden = true;
  }

  /** The covers cannot be drawn. */
  stayHidden(): void {
    if (!this.note || !this.place?.classList.contains("veiled")) return;
    this.note.textContent = gettext("The picture stays hidden: nobody knows where faces are to be covered.");
  }
}
