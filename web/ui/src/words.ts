const translated = JSON.parse(document.body.dataset.words ?? "{}") as Record<string, string>;

/** What a script says, in the language of the page; `python -m web.catalogues` finds it by this name. */
export function gettext(english: string): string {
  return translated[english] ?? english;
}
