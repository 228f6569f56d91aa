import { gettext } from "./words";

/** Shorter than this, half of the transcript would fit. */
const FEWEST_LETTERS = 2;

/** So many places are marked at once; the count says how many there are. */
const MOST_MARKED = 2000;

const MARKED = "found";
const CURRENT = "found-now";

/** An utterance, and its letters in the form that is compared. */
interface Line {
  element: HTMLElement;
  text: string;
}

interface Place {
  line: Line;
  start: number;
  end: number;
}

/** Finds words in the transcript while they are typed; Enter goes to the next place, Shift+Enter back. */
export function searchTranscript(): void {
  const list = document.getElementById("transcript");
  const field = document.querySelector<HTMLInputElement>("#find");
  const count = document.getElementById("found");
  if (!list || !field || !count) return;
  if (!("highlights" in CSS)) {
    field.remove();
    return;
  }
  let lines: Line[] | null = null;
  let places: Place[] = [];
  let at = 0;
  let asked = "";

  const mark = (): void => {
    const marked = places.slice(0, MOST_MARKED).map(rangeOf);
    CSS.highlights.set(MARKED, new Highlight(...marked));
    const current = places[at];
    if (current) CSS.highlights.set(CURRENT, new Highlight(rangeOf(current)));
    else CSS.highlights.delete(CURRENT);
    count.textContent = asked && (places.length ? `${at + 1}/${places.length}` : gettext("not said"));
  };
  const show = (): void => {
    places[at]?.line.element.scrollIntoView({ block: "center" });
  };
  field.addEventListener("input", () => {
    asked = folded(field.value.trim());
    if (asked.length < FEWEST_LETTERS) asked = "";
    // Read once, when somebody first searches: the page need not do it while it opens.
    lines ??= [...list.querySelectorAll<HTMLElement>(".utterance p")].map((element) => ({
      element,
      text: folded(element.textContent ?? ""),
    }));
    places = asked ? lines.flatMap((line) => placesIn(line, asked)) : [];
    at = 0;
    mark();
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      field.dispatchEvent(new Event("input"));
    } else if (event.key === "Enter" && places.length) {
      event.preventDefault();
      at = (at + (event.shiftKey ? places.length - 1 : 1)) % places.length;
      mark();
      show();
    }
  });
}

/** Small letters without accents, each still at its place; Arabic yeh and kaf as Persian writes them. */
function folded(text: string): string {
  return [...text]
    .map((letter) => {
      const plain = letter.normalize("NFD")[0] ?? letter;
      const small = plain.toLowerCase();
      const same = small === "ي" ? "ی" : small === "ك" ? "ک" : small;
      return same.length === letter.length ? same : letter;
    })
    .join("");
}

function placesIn(line: Line, asked: string): Place[] {
  const found: Place[] = [];
  for (let start = line.text.indexOf(asked); start >= 0; start = line.text.indexOf(asked, start + asked.length)) {
    found.push({ line, start, end: start + asked.length });
  }
  return found;
}

/** The place in the page, which may begin in one word and end in another. */
function rangeOf(place: Place): Range {
  const range = new Range();
  const walker = document.createTreeWalker(place.line.element, NodeFilter.SHOW_TEXT);
  let before = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0;
    if (place.start >= before && place.start < before + length) range.setStart(node, place.start - before);
    if (place.end > before && place.end <= before + length) {
      range.setEnd(node, place.end - before);
      break;
    }
    before += length;
  }
  return range;
}
