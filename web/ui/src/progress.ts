import { gettext } from "./words";

interface Told {
  share: number;
  text: string;
  over: boolean;
}

/** Shows how far something on the server is, and opens the page anew when it is over. */
function watch(place: HTMLElement): void {
  const bar = place.querySelector("progress");
  const text = place.querySelector("[data-text]");
  const source = new EventSource(place.dataset.events ?? "");
  source.addEventListener("message", (event: MessageEvent<string>) => {
    const told = JSON.parse(event.data) as Told;
    if (bar) bar.value = told.share;
    if (text) text.textContent = told.text;
    if (told.over) {
      source.close();
      location.reload();
    }
  });
}

/** A file may be dropped on the form; while it is sent, its progress is shown. */
function send(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const chosen = form.querySelector<HTMLElement>("[data-chosen]");
  const place = form.querySelector<HTMLElement>("[data-sending]");
  const bar = place?.querySelector("progress");
  const zone = form.querySelector<HTMLElement>("[data-drop]");
  if (!input || !zone) return;
  const show = (): void => {
    if (chosen) chosen.textContent = input.files?.[0]?.name ?? "";
  };
  input.addEventListener("change", show);
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer?.files.length) input.files = event.dataTransfer.files;
    show();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (now) => {
      if (place) place.hidden = false;
      if (bar && now.lengthComputable) bar.value = now.loaded / now.total;
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      tell(form, page.querySelector("main .detail, main .problem")?.textContent ?? request.statusText);
    });
    request.addEventListener("error", () => tell(form, gettext("The server does not answer; try again.")));
    request.send(new FormData(form));
  });
}

function tell(form: HTMLFormElement, text: string): void {
  const problem = form.querySelector<HTMLElement>("[data-problem]");
  const sending = form.querySelector<HTMLElement>("[data-sending]");
  if (sending) sending.hidden = true;
  if (!problem) return;
  problem.hidden = false;
  problem.textContent = text;
}

for (const place of document.querySelectorAll<HTMLElement>("[data-events]")) watch(place);
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-send]")) send(form);
