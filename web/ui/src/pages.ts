import htmx from "htmx.org";
import { gettext } from "./words";

Object.assign(htmx.config, {
  // No text of a page or an answer is ever run, and nothing is asked of other servers.
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  includeIndicatorStyles: false,
  // No copy of a page is kept in the browser: going back loads it anew.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "...", swap: false, error: true },
  ],
});

/** A request of htmx, as far as its events tell of it here. */
interface Told {
  elt: Element;
  target: Element;
  xhr: XMLHttpRequest;
  formData: FormData;
  verb: string;
  shouldSwap: boolean;
  isError: boolean;
  requestConfig: { elt: Element; verb: string };
}

/** Where htmx remembers the address of the page, search words and names in it. */
const REMEMBERED = "htmx-current-path-for-history";

function on(name: string, listener: (told: Told, event: Event) => void): void {
  document.addEventListener(name, (event) => listener((event as CustomEvent<Told>).detail, event));
}

function forget(): void {
  sessionStorage.removeItem(REMEMBERED);
}

forget();
on("htmx:pushedIntoHistory", forget);
on("htmx:replacedInHistory", forget);

/** Whether a page asks this by itself, so that nobody waits for it. */
function byItself(element: Element): boolean {
  return element.getAttribute("hx-trigger")?.startsWith("every ") ?? false;
}

/** Says something where whoever sent it looks: beside the form, or over the foot of the page. */
function tell(element: Element, text: string): void {
  const place = element.closest("form")?.querySelector("[data-problem]") ?? document.getElementById("told");
  if (place) place.textContent = text.trim();
}

on("htmx:configRequest", ({ verb, formData }) => {
  if (verb !== "get") return;
  // An address names what is asked for, and no field that was left empty.
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
on("htmx:beforeRequest", ({ elt }, event) => {
  if (!byItself(elt)) tell(elt, "");
  else if (document.hidden) event.preventDefault();
});
/** Whether the focus stands in what is about to change. */
let within = false;

on("htmx:beforeSwap", (told) => {
  within = told.target.contains(document.activeElement);
  const { status } = told.xhr;
  if (status !== 409 && status !== 422) return;
  // The same page again, with what is wrong about what was sent; the page of an error is told instead.
  told.shouldSwap = detailOf(told.xhr) === "";
  told.isError = !told.shouldSwap;
});
on("htmx:responseError", ({ elt, xhr, requestConfig }) => {
  if (byItself(elt)) return;
  const problem = detailOf(xhr) || gettext("The server could not do it; try again.");
  tell(elt, requestConfig.verb === "get" ? problem : gettext("Not kept: ") + problem);
});
on("htmx:sendError", ({ elt, requestConfig }) => {
  if (byItself(elt)) return;
  const lost = gettext("Not kept: the server does not answer. What you typed stays here; try again.");
  tell(elt, requestConfig.verb === "get" ? gettext("The server does not answer; try again.") : lost);
});
on("htmx:afterSettle", ({ target, requestConfig }) => {
  // What had the focus, or was pressed, is gone, and the focus with it: it goes to what came in its place.
  if (document.activeElement !== document.body || (!within && document.contains(requestConfig.elt))) return;
  document.getElementById(target.id)?.focus({ preventScroll: true });
});

/** What a page of an error says; nothing where the answer is another page. */
function detailOf(xhr: XMLHttpRequest): string {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return page.querySelector(".sheet .detail")?.textContent ?? "";
}
