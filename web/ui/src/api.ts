import { gettext } from "./words";

/** More letters of an answer are not shown: a transcript of hours would hold up the page. */
const LONGEST = 100_000;

type Part = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The request that a filled form asks for. Cookies are left out: only the token counts. */
function requestOf(form: HTMLFormElement, token: string): [string, RequestInit] {
  let address = form.dataset.address ?? "";
  const query = new URLSearchParams();
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  const fields = new FormData();
  let isForm = false;
  for (const part of form.querySelectorAll<Part>("[data-place]")) {
    const file = part instanceof HTMLInputElement ? part.files?.[0] : undefined;
    const value = part.value.trim();
    isForm ||= part.dataset.place === "form";
    if (file) fields.append(part.name, file);
    else if (value === "") continue;
    else if (part.dataset.place === "path") address = address.replace(`{${part.name}}`, encodeURIComponent(value));
    else if (part.dataset.place === "query") query.append(part.name, value);
    else if (part.dataset.place === "header") headers[part.name] = value;
    else fields.append(part.name, value);
  }
  const body = form.querySelector<HTMLTextAreaElement>("textarea[name=body]");
  if (body) headers["Content-Type"] = "application/json";
  const sent: RequestInit = { method: form.dataset.method ?? "GET", headers, credentials: "omit" };
  if (body) sent.body = body.value;
  else if (isForm) sent.body = fields;
  return [query.size ? `${address}?${query}` : address, sent];
}

async function told(answer: Response): Promise<string> {
  const kind = answer.headers.get("Content-Type") ?? "";
  if (!kind.includes("json")) return `${kind}, ${(await answer.blob()).size} B`;
  const text = JSON.stringify(await answer.json(), null, 2);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

async function send(form: HTMLFormElement): Promise<void> {
  const output = form.parentElement?.querySelector("output");
  const token = document.querySelector<HTMLInputElement>("#token")?.value.trim() ?? "";
  if (!output) return;
  output.textContent = gettext("Sending…");
  try {
    const [address, sent] = requestOf(form, token);
    const answer = await fetch(address, sent);
    const etag = answer.headers.get("ETag");
    const lines = [`${sent.method} ${address}`, `${answer.status} ${answer.statusText}`];
    if (etag) lines.push(`ETag: ${etag}`);
    const shown = document.createElement("pre");
    shown.textContent = `${lines.join("\n")}\n\n${answer.status === 204 || answer.status === 304 ? "" : await told(answer)}`;
    output.replaceChildren(shown);
  } catch {
    output.textContent = gettext("The server did not answer.");
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>("form.try")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form);
  });
}
document.querySelector("#token-form")?.addEventListener("submit", (event) => event.preventDefault());
