import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/plugins/regions";
import TimelinePlugin from "wavesurfer.js/plugins/timeline";
import type { Findings, Moment } from "./findings";
import type { Player } from "./player";
import { gettext } from "./words";

interface Outline {
  per_s: number;
  duration_s: number;
  peaks: number[][];
}

interface Wait {
  kind: "silence" | "hold";
  start_s: number;
  end_s: number;
}

/** A region is drawn at least so many pixels wide, so that one word can be seen and hit. */
const NARROWEST_PX = 5;

/** So wide is one letter of a time under the waveform at most, the distance to its notch shared out. */
const DIGIT_PX = 8;

/** What covers more of the recording than this is drawn only while its finding is the current one. */
const WIDE_SHARE = 0.5;

/** Draws the recording with the findings' moments on it, and keeps both in step. */
export async function drawWaveform(player: Player, findings: Findings): Promise<void> {
  const container = document.getElementById("waveform");
  if (!container) return;
  let outline: Outline;
  try {
    outline = await fetchOutline(container.dataset.peaks ?? "");
  } catch (error) {
    container.textContent = error instanceof Error ? error.message : String(error);
    container.classList.add("failed");
    container.removeAttribute("role");
    return;
  }
  const sides = (container.dataset.sides ?? "").split(" ");
  const regions = RegionsPlugin.create();
  // One measure for both channels: a party that is hard to hear also looks so.
  const most = loudest(outline);
  const height = (container.clientHeight - timelineHeight()) / outline.peaks.length;
  // At the end there may be no room for a time: half of it would read as another one.
  const label = (time_s: number): string => {
    const room_px = ((outline.duration_s - time_s) / outline.duration_s) * container.clientWidth;
    return room_px < clock(time_s).length * DIGIT_PX ? "" : clock(time_s);
  };
  const surfer = WaveSurfer.create({
    container,
    ...(player.media ? { media: player.media } : {}),
    peaks: outline.peaks.map((row) => Float32Array.from(row, (value) => value / most)),
    duration: outline.duration_s,
    height,
    cursorWidth: 2,
    hideScrollbar: true,
    cspNonce: container.dataset.nonce ?? "",
    plugins: [regions, TimelinePlugin.create({ height: timelineHeight(), formatTimeCallback: label, secondaryLabelOpacity: 0.7 })],
    ...colours(sides, height),
  });
  void drawWaits(container, outline.duration_s);
  surfer.on("interaction", (to_s) => player.seek(to_s));
  if (!player.media) player.onMove((now_s) => surfer.setTime(now_s));

  const shown = new Map<string, Moment>();
  const draw = (): void => {
    regions.clearRegions();
    shown.clear();
    const narrowest_s = (NARROWEST_PX * outline.duration_s) / Math.max(container.clientWidth, 1);
    for (const moment of findings.moments) {
      const current = moment.finding === findings.current;
      const wide = moment.end_s - moment.start_s > WIDE_SHARE * outline.duration_s;
      if ((wide || moment.searched) && !current) continue;
      // What cannot be told of a whole call is nowhere in it.
      if (wide && moment.verdict === "cannot_tell") continue;
      const region = regions.addRegion({
        start: moment.start_s,
        end: Math.min(Math.max(moment.end_s, moment.start_s + narrowest_s), outline.duration_s),
        color: token(moment.searched ? "accent" : moment.verdict) + (current ? "80" : "40"),
        drag: false,
        resize: false,
      });
      shown.set(region.id, moment);
    }
  };
  surfer.once("ready", draw);
  findings.onSelect(draw);
  regions.on("region-clicked", (region) => {
    const moment = shown.get(region.id);
    if (moment) findings.select(moment.finding);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    surfer.setOptions(colours(sides, height));
    draw();
  });
}

/** Silences and holds in a lane of their own at the waveform's lower edge, under no click. */
async function drawWaits(container: HTMLElement, duration_s: number): Promise<void> {
  if (!container.dataset.waits) return;
  const answer = await fetch(container.dataset.waits, { headers: { Accept: "application/json" } });
  // Without them the waveform is as good as before; whoever is not logged in any more was told so by it.
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/json")) return;
  const lane = document.createElement("div");
  lane.className = "waits";
  for (const { kind, start_s, end_s } of (await answer.json()) as Wait[]) {
    const region = document.createElement("i");
    region.className = `wait ${kind}`;
    region.style.insetInlineStart = `${(100 * start_s) / duration_s}%`;
    region.style.inlineSize = `${(100 * (end_s - start_s)) / duration_s}%`;
    lane.append(region);
  }
  container.append(lane);
}

async function fetchOutline(address: string): Promise<Outline> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) {
    throw new Error(gettext("The waveform could not be had: log in again."));
  }
  const content = (await answer.json()) as Outline & { error?: string };
  if (!answer.ok) throw new Error(content.error ?? gettext("The waveform could not be made."));
  return content;
}

function loudest(outline: Outline): number {
  let most = 1;
  for (const row of outline.peaks) for (const value of row) if (value > most) most = value;
  return most;
}

function timelineHeight(): number {
  return 1.25 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** `1:07` or `1:02:05`, as everywhere on the page. */
function clock(time_s: number): string {
  const [hours, minutes, seconds] = [time_s / 3600, (time_s / 60) % 60, time_s % 60].map(Math.floor) as [number, number, number];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** The value of a design token, a colour of six hexadecimal digits. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Each sound channel in the colour of its party: pale ahead, full where it was played. */
function colours(sides: string[], height: number) {
  const of = (side: string | undefined) => ({
    waveColor: `${token(side || "other")}99`,
    progressColor: token(side || "other"),
  });
  return {
    ...of(sides[0]),
    cursorColor: token("accent"),
    ...(sides.length > 1 ? { splitChannels: sides.map((side) => ({ ...of(side), height })) } : {}),
  };
}
