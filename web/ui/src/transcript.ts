import type { Player } from "./player";

interface Timed {
  element: HTMLElement;
  start_s: number;
  end_s: number;
}

/** A word lasts until the next one of its utterance, but is never marked longer than this. */
const LONGEST_WORD_S = 1.5;

/** Words of two speakers overlap: so many back from the newest are still looked at. */
const OVERLAPPING = 12;

/** Marks what is being said, scrolls to it until the reader scrolls, and seeks by a click on a word. */
export function followTranscript(player: Player): void {
  const list = document.getElementById("transcript");
  if (!list) return;
  const written = list.classList.contains("written");
  const utterances: Timed[] = [];
  const words: Timed[] = [];
  for (const element of list.querySelectorAll<HTMLElement>(".utterance")) {
    const utterance = { element, start_s: Number(element.dataset.start), end_s: Number(element.dataset.end) };
    utterances.push(utterance);
    const inside = [...element.querySelectorAll<HTMLElement>(".w")];
    const starts = inside.map((word) => Number(word.dataset.start));
    inside.forEach((word, index) => {
      const start_s = starts[index] ?? utterance.start_s;
      const end_s = Math.min(starts[index + 1] ?? utterance.end_s, start_s + LONGEST_WORD_S);
      if (!written) words.push({ element: word, start_s, end_s });
    });
  }
  words.sort((a, b) => a.start_s - b.start_s);
  if (written) {
    // A message lasts until the next one.
    utterances.forEach((one, index) => (one.end_s = utterances[index + 1]?.start_s ?? Infinity));
  }

  const following = follow(list);
  const marked = new Set<HTMLElement>();
  let moved = false;
  player.onMove((now_s, jumped) => {
    // Nothing is marked before the first movement: a page just opened is calm.
    moved ||= jumped || now_s > 0;
    if (!moved) return;
    const said = current(utterances, now_s);
    const wanted = new Set([...said, ...current(words, now_s)].map((one) => one.element));
    for (const element of marked) if (!wanted.has(element)) element.classList.remove("now");
    for (const element of wanted) element.classList.add("now");
    const first = said[0]?.element ?? nearest(utterances, now_s)?.element;
    marked.clear();
    wanted.forEach((element) => marked.add(element));
    if (first) following(first, jumped);
  });

  list.addEventListener("click", (event) => {
    const word = (event.target as Element).closest<HTMLElement>(".w");
    if (word && !written && getSelection()?.isCollapsed !== false) player.seek(Number(word.dataset.start));
  });
}

/** What lasts over `now_s`, of `timed` in order of start. */
function current(timed: Timed[], now_s: number): Timed[] {
  const last = after(timed, now_s);
  return timed.slice(Math.max(0, last - OVERLAPPING), last).filter((one) => one.end_s > now_s);
}

/** The last that began at `now_s` or before. */
function nearest(timed: Timed[], now_s: number): Timed | undefined {
  return timed[Math.max(0, after(timed, now_s) - 1)];
}

/** How many began at `now_s` or before. */
function after(timed: Timed[], now_s: number): number {
  let low = 0;
  let high = timed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timed[middle]?.start_s ?? 0) <= now_s) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A function that keeps an element in view, until the reader scrolls; a button takes it up again. */
function follow(list: HTMLElement): (element: HTMLElement, jumped: boolean) => void {
  const button = document.getElementById("follow");
  let following = true;
  let shown: HTMLElement | null = null;
  const show = (element: HTMLElement): void => {
    const top = element.offsetTop - list.offsetTop;
    const margin = list.clientHeight / 4;
    if (top < list.scrollTop + margin / 2 || top + element.offsetHeight > list.scrollTop + list.clientHeight - margin) {
      list.scrollTo({ top: top - margin });
    }
  };
  const stop = (): void => {
    following = false;
    if (shown && button) button.hidden = false;
  };
  for (const kind of ["wheel", "touchmove"]) list.addEventListener(kind, stop, { passive: true });
  list.addEventListener("keydown", (event) => {
    if (["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(event.key)) stop();
  });
  list.addEventListener("pointerdown", (event) => {
    // On the list itself, not on something in it: the scroll bar.
    if (event.target === list) stop();
  });
  const resume = (): void => {
    following = true;
    if (button) button.hidden = true;
    if (shown) show(shown);
  };
  button?.addEventListener("click", resume);
  return (element, jumped) => {
    if (element === shown && !jumped) return;
    shown = element;
    if (jumped) resume();
    else if (following) show(element);
  };
}
