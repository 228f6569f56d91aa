import type { Player } from "./player";
import { Screen } from "./screen";
import { gettext } from "./words";

interface Track {
  label: string;
  role: string | null;
  times_s: number[];
  boxes: number[][];
  heads: number[][];
  points: Array<Array<number | null>>;
}

interface Pair {
  labels: [string, string];
  times_s: number[];
  metres: number[];
  low_m: number[];
  high_m: number[];
}

interface Zone {
  name: string;
  corners: Point[];
}

interface People {
  size_px: [number, number];
  step_s: number;
  drawn: number[];
  tracks: Track[];
  pairs: Pair[];
  zones: Zone[];
  around_s: number;
}

/** What can be drawn, each with its own switch: `faces` covers all but those of agents, `agents` these. */
type Layer = "skeletons" | "distance" | "zones" | "faces" | "agents";

/** The frames before and after a time, and how far it lies between them, 0 to 1. */
interface Around {
  before: number;
  after: number;
  share: number;
}

type Point = [number, number];

/** Where somebody is at a time: the box, and each landmark by its number. */
interface Place {
  box: number[];
  points: Map<number, Point>;
}

const STORED = "comport.over.";

/** Nothing of a face can be seen through it. */
const COVER = "#4a4a46";

const ZONE_NAMES: Record<string, () => string> = {
  counter: () => gettext("Staff side of the counter"),
  entrance: () => gettext("Entrance"),
};

/** MediaPipe's pose landmarks that a line joins: ears to nose, arms, trunk, legs, feet. */
const BONES: Array<[number, number]> = [
  [7, 0], [8, 0], [11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24],
  [23, 25], [25, 27], [24, 26], [26, 28], [27, 31], [28, 32],
];

/** Hips: the distance is measured between them. */
const HIPS = [23, 24];

/** Frames that lie further apart than this many steps are not joined: somebody was out of sight. */
const JOINED_STEPS = 2.5;

/** Draws over the video while it plays: covers on faces, zones, everybody who was seen, the distance of two. */
export async function drawPeople(player: Player): Promise<void> {
  const canvas = document.querySelector<HTMLCanvasElement>("#people");
  const video = player.media;
  const ink = canvas?.getContext("2d");
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-overlay]")];
  if (!canvas || !ink || !(video instanceof HTMLVideoElement)) return;
  const screen = new Screen(video);
  const on = new Set<Layer>(buttons.map((button) => button.dataset.overlay as Layer).filter(chosen));
  screen.cover(on.has("faces") || on.has("agents"));
  let people: People;
  try {
    people = await fetchPeople(canvas.dataset.people ?? "");
  } catch (error) {
    const group = buttons[0]?.parentElement;
    group?.setAttribute("role", "status");
    if (group) group.textContent = error instanceof Error ? error.message : String(error);
    screen.stayHidden();
    return;
  }
  const draw = (): void => {
    fit(canvas, video);
    ink.resetTransform();
    ink.clearRect(0, 0, canvas.width, canvas.height);
    if (on.size > 0 && player.media) paint(ink, people, on, player.now_s);
  };
  for (const button of buttons) {
    const layer = button.dataset.overlay as Layer;
    button.setAttribute("aria-pressed", String(on.has(layer)));
    button.addEventListener("click", () => {
      if (!on.delete(layer)) on.add(layer);
      button.setAttribute("aria-pressed", String(on.has(layer)));
      localStorage.setItem(STORED + layer, on.has(layer) ? "on" : "off");
      screen.cover(on.has("faces") || on.has("agents"));
      draw();
    });
  }
  player.onMove(draw);
  new ResizeObserver(draw).observe(video);
  video.addEventListener("loadeddata", draw);
  draw();
  screen.show();
}

/** Whether something is drawn: as somebody chose on this browser, until then as the page was written. */
function chosen(layer: Layer): boolean {
  const stored = localStorage.getItem(STORED + layer);
  if (stored) return stored === "on";
  return document.querySelector(`[data-overlay="${layer}"]`)?.getAttribute("aria-pressed") === "true";
}

async function fetchPeople(address: string): Promise<People> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) {
    throw new Error(gettext("The people could not be had: log in again."));
  }
  const content = (await answer.json()) as People & { error?: string };
  if (!answer.ok) throw new Error(content.error ?? gettext("The people could not be had."));
  return content;
}

/** As many pixels as the screen has where the video stands. */
function fit(canvas: HTMLCanvasElement, video: HTMLVideoElement): void {
  const width = Math.round(video.clientWidth * devicePixelRatio);
  const height = Math.round(video.clientHeight * devicePixelRatio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function paint(ink: CanvasRenderingContext2D, people: People, on: Set<Layer>, now_s: number): void {
  const [width, height] = people.size_px;
  // The picture is as large as it can be in its element, in the middle.
  const scale = Math.min(ink.canvas.width / width, ink.canvas.height / height);
  ink.setTransform(
    scale, 0, 0, scale, (ink.canvas.width - width * scale) / 2, (ink.canvas.height - height * scale) / 2,
  );
  const line = (2 * devicePixelRatio) / scale;
  ink.fillStyle = COVER;
  for (const track of people.tracks) {
    if (on.has(track.role === "agent" ? "agents" : "faces")) cover(ink, track, people, now_s);
  }
  if (on.has("zones")) for (const zone of people.zones) outline(ink, zone, line);
  if (!on.has("skeletons") && !on.has("distance")) return;
  const there = new Map<string, Place>();
  for (const track of people.tracks) {
    const place = placeAt(track, people, now_s);
    if (!place) continue;
    there.set(track.label, place);
    if (on.has("skeletons")) skeleton(ink, place, token(track.role ?? "other") || token("other"), line);
  }
  if (!on.has("distance")) return;
  for (const pair of people.pairs) {
    const [one, other] = pair.labels.map((label) => there.get(label));
    const found = around(pair.times_s, people.step_s, now_s);
    if (!one || !other || !found) continue;
    const [metres, low_m, high_m] = [pair.metres, pair.low_m, pair.high_m].map((values) => blended(values, found));
    // Read from the left in every language, as it is a number.
    const words = `\u2066${metres?.toFixed(2)} m (${low_m?.toFixed(1)}–${high_m?.toFixed(1)})\u2069`;
    distance(ink, middle(one), middle(other), words, line);
  }
}

/** Covers the head wherever it was found around that time: it may have been lost for a frame, or moved. */
function cover(ink: CanvasRenderingContext2D, track: Track, people: People, now_s: number): void {
  const reach_s = Math.max(people.around_s, (JOINED_STEPS * people.step_s) / 2);
  const until = upTo(track.times_s, now_s + reach_s);
  for (let row = upTo(track.times_s, now_s - reach_s); row < until; row++) {
    const [left = 0, top = 0, right = 0, bottom = 0] = track.heads[row] ?? [];
    ink.fillRect(left, top, right - left, bottom - top);
  }
  const found = around(track.times_s, people.step_s, now_s);
  if (!found) return;
  const [left = 0, top = 0, right = 0, bottom = 0] = box(track.heads, found);
  ink.fillRect(left, top, right - left, bottom - top);
}

function outline(ink: CanvasRenderingContext2D, zone: Zone, line: number): void {
  ink.beginPath();
  for (const corner of zone.corners) ink.lineTo(...corner);
  ink.closePath();
  for (const [colour, width] of [["#000000", 2 * line], ["#ffffff", line]] as const) {
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.setLineDash([4 * line, 3 * line]);
    ink.stroke();
  }
  ink.setLineDash([]);
  const across = zone.corners.map(([x]) => x);
  const x = (Math.min(...across) + Math.max(...across)) / 2;
  const y = Math.min(...zone.corners.map((corner) => corner[1]));
  write(ink, ZONE_NAMES[zone.name]?.() ?? zone.name, x, Math.max(0, y) + 2 * line, line);
}

function skeleton(ink: CanvasRenderingContext2D, place: Place, colour: string, line: number): void {
  ink.strokeStyle = colour;
  ink.lineWidth = line;
  ink.lineCap = "round";
  if (place.points.size === 0) {
    const [left = 0, top = 0, right = 0, bottom = 0] = place.box;
    ink.strokeRect(left, top, right - left, bottom - top);
    return;
  }
  ink.beginPath();
  for (const [from, to] of BONES) {
    const start = place.points.get(from);
    const end = place.points.get(to);
    if (!start || !end) continue;
    ink.moveTo(...start);
    ink.lineTo(...end);
  }
  ink.stroke();
  ink.fillStyle = "#ffffff";
  for (const [x, y] of place.points.values()) {
    ink.beginPath();
    ink.arc(x, y, line, 0, 2 * Math.PI);
    ink.fill();
  }
}

function distance(ink: CanvasRenderingContext2D, from: Point, to: Point, words: string, line: number): void {
  for (const [colour, width] of [["#000000", 2 * line], [token("cannot_tell"), line]] as const) {
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(...to);
    ink.stroke();
  }
  write(ink, words, (from[0] + to[0]) / 2, Math.max(from[1], to[1]) + 2 * line, line);
}

/** Words on a dark ground, below a point and in its middle. */
function write(ink: CanvasRenderingContext2D, words: string, x: number, y: number, line: number): void {
  const size = 7 * line;
  ink.font = `${size}px sans-serif`;
  ink.textAlign = "center";
  ink.textBaseline = "top";
  const width = ink.measureText(words).width;
  // Moved so that they are whole.
  const { a: scale, e: shift } = ink.getTransform();
  const half = width / 2 + line;
  x = Math.max(Math.min(x, (ink.canvas.width - shift) / scale - half), half - shift / scale);
  ink.fillStyle = "#000000b0";
  ink.fillRect(x - width / 2 - line, y - line, width + 2 * line, size + 2 * line);
  ink.fillStyle = "#ffffff";
  ink.fillText(words, x, y);
}

function middle(place: Place): Point {
  const [left, right] = HIPS.map((joint) => place.points.get(joint));
  if (left && right) return [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = place.box;
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}

/** Somebody's place between the two frames around a time, null when nobody was seen then. */
function placeAt(track: Track, people: People, now_s: number): Place | null {
  const found = around(track.times_s, people.step_s, now_s);
  if (!found) return null;
  const { before, after, share } = found;
  const blend = (one: number, other: number): number => one + share * (other - one);
  const points = new Map<number, Point>();
  people.drawn.forEach((joint, i) => {
    const [x0, y0] = [track.points[before]?.[2 * i], track.points[before]?.[2 * i + 1]];
    const [x1, y1] = [track.points[after]?.[2 * i], track.points[after]?.[2 * i + 1]];
    if (x0 == null || y0 == null || x1 == null || y1 == null) return;
    points.set(joint, [blend(x0, x1), blend(y0, y1)]);
  });
  return { box: box(track.boxes, found), points };
}

/** The box between the two frames around a time. */
function box(rows: number[][], { before, after, share }: Around): number[] {
  return (rows[before] ?? []).map((value, i) => value + share * ((rows[after]?.[i] ?? value) - value));
}

function blended(values: number[], found: Around): number {
  const [one = 0, other = 0] = [values[found.before], values[found.after]];
  return one + found.share * (other - one);
}

/** Null when nothing is known around that time. */
function around(times_s: number[], step_s: number, now_s: number): Around | null {
  const low = upTo(times_s, now_s);
  const [earlier, later] = [times_s[low - 1], times_s[low]];
  if (earlier !== undefined && later !== undefined && later - earlier <= JOINED_STEPS * step_s) {
    return { before: low - 1, after: low, share: (now_s - earlier) / (later - earlier) };
  }
  // At an end, or before a gap: a frame stands for half a step around it.
  if (earlier !== undefined && now_s - earlier <= step_s / 2) return { before: low - 1, after: low - 1, share: 0 };
  if (later !== undefined && later - now_s <= step_s / 2) return { before: low, after: low, share: 0 };
  return null;
}

/** How many of the times, which rise, are not later than one. */
function upTo(times_s: number[], now_s: number): number {
  let low = 0;
  let high = times_s.length;
  while (low < high) {
    const half = (low + high) >> 1;
    if ((times_s[half] ?? 0) <= now_s) low = half + 1;
    else high = half;
  }
  return low;
}

/** The value of a design token. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
