import { gettext } from "./words";

interface Told {
  share: number;
  text: string;
  ready: boolean;
  failed: boolean;
}

/**
 * Shows how far the copy is that is played, and the player once it is made; the rest of the page stays as it is,
 * with what was typed. What failed is tried again when somebody asks for it.
 */
export function awaitCopy(): void {
  const place = document.getElementById("copying");
  const form = place?.querySelector("form");
  if (!place || !form) return;
  const media = document.querySelector<HTMLMediaElement>("#media");
  const words = place.querySelector("p");
  const bar = place.querySelector("progress");
  const say = (text: string): void => {
    if (words) words.textContent = text;
  };
  const fail = (failed: boolean): void => {
    form.hidden = !failed;
    if (bar) bar.hidden = failed;
  };
  const listen = (): void => {
    const source = new EventSource(place.dataset.events ?? "");
    source.addEventListener("message", (event: MessageEvent<string>) => {
      const told = JSON.parse(event.data) as Told;
      say(told.text);
      if (bar) bar.value = told.share;
      if (told.failed || told.ready) source.close();
      fail(told.failed);
      if (!told.ready || !media) return;
      place.hidden = true;
      show(media);
    });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).then(
      () => {
        fail(false);
        listen();
      },
      () => say(gettext("The server does not answer; try again.")),
    );
  });
  if (form.hidden) listen();
}

/** Gives the player its file. */
function show(media: HTMLMediaElement): void {
  media.hidden = false;
  const screen = media.closest<HTMLElement>(".screen");
  if (screen) screen.hidden = false;
  media.src = media.dataset.src ?? "";
}
