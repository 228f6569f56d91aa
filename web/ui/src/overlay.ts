import type { Player } from "./player";
import { gettext } from "./words";

interface Track {
  label: string;
  role: string | null;
  times_s: number[];
  boxes: number[][];
  points: Array<Array<number | null>>;
}

interface Pair {
  labels: [string, string];
  times_s: number[];
  metres: number[];
  low_m: number[];
  high_m: number[];
}

interface People {
  size_px: [number, number];
  step_s: number;
  drawn: number[];
  tracks: Track[];
  pairs: Pair[];
}

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

const STORED = "comport.people";

/** MediaPipe's pose landmarks that a line joins: ears to nose, arms, trunk, legs, feet. */
const BONES: Array<[number, number]> = [
  [7, 0], [8, 0], [11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24],
  [23, 25], [25, 27], [24, 26], [26, 28], [27, 31], [28, 32],
];

/** Hips: the distance is measured between them. */
const HIPS = [23, 24];

/** Frames that lie further apart than this many steps are not joined: somebody was out of sight. */
const JOINED_STEPS = 2.5;

/** Draws everybody who was seen over the video while it plays, and the distance between two. */
export async function drawPeople(player: Player): Promise<void> {
  const canvas = document.querySelector<HTMLCanvasElement>("#people");
  const video = player.media;
  const ink = canvas?.getContext("2d");
  const button = document.querySelector<HTMLButtonElement>("[data-overlay]");
  if (!canvas || !ink || !(video instanceof HTMLVideoElement)) return;
  let people: People;
  try {
    people = await fetchPeople(canvas.dataset.people ?? "");
  } catch (error) {
    if (button) {
      button.disabled = true;
      button.textContent = error instanceof Error ? error.message : String(error);
    }
    return;
  }
  let on = localStorage.getItem(STORED) !== "off";
  const draw = (): void => {
    fit(canvas, video);
    ink.resetTransform();
    ink.clearRect(0, 0, canvas.width, canvas.height);
    if (on && player.media) paint(ink, people, player.now_s);
  };
  if (button) {
    button.setAttribute("aria-pressed", String(on));
    button.addEventListener("click", () => {
      on = !on;
      localStorage.setItem(STORED, on ? "on" : "off");
      button.setAttribute("aria-pressed", String(on));
      draw();
    });
  }
  player.onMove(draw);
  new ResizeObserver(draw).observe(video);
  video.addEventListener("loadeddata", draw);
  draw();
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

function paint(ink: CanvasRenderingContext2D, people: People, now_s: number): void {
  const [width, height] = people.size_px;
  // The picture is as large as it can be in its element, in the middle.
  const scale = Math.min(ink.canvas.width / width, ink.canvas.height / height);
  ink.setTransform(
    scale, 0, 0, scale, (ink.canvas.width - width * scale) / 2, (ink.canvas.height - height * scale) / 2,
  );
  const line = (2 * devicePixelRatio) / scale;
  const there = new Map<string, Place>();
  for (const track of people.tracks) {
    const place = placeAt(track, people, now_s);
    if (!place) continue;
    there.set(track.label, place);
    skeleton(ink, place, token(track.role ?? "other") || token("other"), line);
  }
  for (const pair of people.pairs) {
    const [one, other] = pair.labels.map((label) => there.get(label));
    const found = around(pair.times_s, people.step_s, now_s);
    if (!one || !other || !found) continue;
    const [metres, low_m, high_m] = [pair.metres, pair.low_m, pair.high_m].map((values) => blended(values, found));
    const words = `${metres?.toFixed(2)} m (${low_m?.toFixed(1)}–${high_m?.toFixed(1)})`;
    distance(ink, middle(one), middle(other), words, line);
  }
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
  const size = 7 * line;
  ink.font = `${size}px sans-serif`;
  ink.textAlign = "center";
  ink.textBaseline = "top";
  const x = (from[0] + to[0]) / 2;
  const y = Math.max(from[1], to[1]) + 2 * line;
  const width = ink.measureText(words).width;
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
  const box = (track.boxes[before] ?? []).map((value, i) => blend(value, track.boxes[after]?.[i] ?? value));
  const points = new Map<number, Point>();
  people.drawn.forEach((joint, i) => {
    const [x0, y0] = [track.points[before]?.[2 * i], track.points[before]?.[2 * i + 1]];
    const [x1, y1] = [track.points[after]?.[2 * i], track.points[after]?.[2 * i + 1]];
    if (x0 == null || y0 == null || x1 == null || y1 == null) return;
    points.set(joint, [blend(x0, x1), blend(y0, y1)]);
  });
  return { box, points };
}

function blended(values: number[], found: Around): number {
  const [one = 0, other = 0] = [values[found.before], values[found.after]];
  return one + found.share * (other - one);
}

/** Null when nothing is known around that time. */
function around(times_s: number[], step_s: number, now_s: number): Around | null {
  let low = 0;
  let high = times_s.length;
  while (low < high) {
    const half = (low + high) >> 1;
    if ((times_s[half] ?? 0) <= now_s) low = half + 1;
    else high = half;
  }
  const [earlier, later] = [times_s[low - 1], times_s[low]];
  if (earlier !== undefined && later !== undefined && later - earlier <= JOINED_STEPS * step_s) {
    return { before: low - 1, after: low, share: (now_s - earlier) / (later - earlier) };
  }
  // At an end, or before a gap: a frame stands for half a step around it.
  if (earlier !== undefined && now_s - earlier <= step_s / 2) return { before: low - 1, after: low - 1, share: 0 };
  if (later !== undefined && later - now_s <= step_s / 2) return { before: low, after: low, share: 0 };
  return null;
}

/** The value of a design token. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
