import type { Chart, ChartConfiguration, Plugin } from "chart.js";
import { cell, type Look, type Told, tooltip, value } from "./figure";

/** Room for one mark in px: with less, a line is drawn without its points. */
const CROWDED_PX = 16;

/** Shades the column of the week that is pointed at, or whose row has the focus. */
function column(now: Look): Plugin {
  return {
    id: "column",
    beforeDatasetsDraw(chart) {
      const [one] = chart.getActiveElements();
      const across = chart.scales.x;
      if (!one || !across) return;
      const { left, right, top, bottom } = chart.chartArea;
      const width = (right - left) / (chart.data.labels?.length || 1);
      chart.ctx.save();
      chart.ctx.fillStyle = now.sunk;
      chart.ctx.fillRect(across.getPixelForValue(one.index) - width / 2, top, width, bottom - top);
      chart.ctx.restore();
    },
  };
}

/** The mean of each week with its interval as a band; below, on a scale of its own, how many there were. */
export function weeks(of: Told, now: Look): ChartConfiguration {
  const mirrored = document.dir === "rtl";
  const side = mirrored ? "right" : "left";
  // Of scales on one side the heavier stands higher on the left, and lower on the right.
  const above = mirrored ? -1 : 1;
  const all = (name: string): number[] => of.rows.map((row) => value(row, name));
  const [low, mean, high, counts, others] = [all("low"), all("mean"), all("high"), all("n"), all("others")];
  const most = Math.max(...counts);
  // A band needs two weeks side by side: that of a week on its own is a bar.
  const alone = (all: number[], n: number): boolean => ![n - 1, n + 1].some((beside) => (all[beside] ?? NaN) >= 0);
  const single = of.rows.map((_, n) => (alone(low, n) && low[n]! >= 0 ? [low[n]!, high[n]!] : null));
  const plain = { pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, borderWidth: 0 };
  const radius = ({ chart, dataIndex }: { chart: Chart; dataIndex: number }): number =>
    chart.width / of.rows.length < CROWDED_PX && !alone(mean, dataIndex) ? 0 : 4;
  const point = { pointRadius: radius, pointHoverRadius: 4, pointBorderWidth: 1.5 };
  const tint = {
    borderColor: now.accent,
    pointBackgroundColor: now.accent,
    pointHoverBackgroundColor: now.accent,
    pointBorderColor: now.sheet,
    pointHoverBorderColor: now.sheet,
  };
  const bar = { type: "bar" as const, grouped: false };
  const grey = { backgroundColor: now.count, hoverBackgroundColor: now.count };
  const band = { backgroundColor: now.soft, hoverBackgroundColor: now.soft };
  const link = (n: number): HTMLAnchorElement | null | undefined => of.rows[n]?.querySelector("a");
  return {
    type: "line",
    data: {
      labels: of.rows.map((row) => row.dataset.day ?? ""),
      datasets: [
        // A point on the edge of the scale is drawn whole.
        { type: "line", data: mean, clip: 6, borderWidth: 2, ...point, ...tint },
        { type: "line", data: low, ...plain, order: 1 },
        { type: "line", data: high, fill: "-1", ...band, ...plain, order: 1 },
        { type: "line", data: others, ...plain, borderColor: now.line, borderWidth: 1.5, borderDash: [5, 4] },
        { ...bar, data: single as never, ...band, barThickness: 12, order: 1 },
        { ...bar, data: counts, yAxisID: "n", ...grey, maxBarThickness: 28 },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      onHover: (event, _, chart) => {
        const [one] = chart.getActiveElements();
        (event.native?.target as HTMLElement).style.cursor = one && link(one.index) ? "pointer" : "default";
      },
      onClick: (event, [one]) => {
        const { ctrlKey, metaKey, shiftKey } = event.native as MouseEvent;
        const click = new MouseEvent("click", { ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true });
        if (one) link(one.index)?.dispatchEvent(click);
      },
      scales: {
        x: {
          type: "category",
          reverse: mirrored,
          offset: true,
          grid: { display: false },
          border: { display: false },
          ticks: { maxRotation: 0, autoSkipPadding: 40 },
        },
        y: {
          position: side,
          stack: "both",
          stackWeight: 4,
          weight: above,
          min: of.low,
          max: of.high,
          grid: { color: now.grid, drawTicks: false },
          border: { display: false },
          afterBuildTicks: (axis) => {
            axis.ticks = of.ticks;
          },
          ticks: { padding: 8, callback: (_, n) => of.ticks[n]?.label },
        },
        n: {
          position: side,
          stack: "both",
          stackWeight: 1,
          weight: -above,
          min: 0,
          // So much higher that its figure does not touch the lowest one above.
          max: 1.7 * most,
          grid: { display: false, drawTicks: false },
          border: { display: false },
          afterBuildTicks: (axis) => {
            axis.ticks = [{ value: most }];
          },
          ticks: { padding: 8, callback: () => `${of.head.at(-1)} ${cell(of.rows[counts.indexOf(most)]!, of.head.length - 1)}` },
        },
      },
      plugins: { tooltip: tooltip(of, now) },
    },
    plugins: [column(now)],
  };
}

/** Shows the week whose row is pointed at, or whose link has the focus. */
export function follow(of: Told, chart: Chart): void {
  const show = (active: { datasetIndex: number; index: number }[]): void => {
    chart.setActiveElements(active);
    chart.tooltip?.setActiveElements(active, { x: 0, y: 0 });
    chart.render();
  };
  of.rows.forEach((row, index) => {
    const link = row.querySelector("a");
    // Assigned, not added: a chart that is drawn anew takes the place of the one before.
    row.onpointerenter = () => show([{ datasetIndex: 0, index }]);
    row.onpointerleave = () => show([]);
    if (link) link.onfocus = row.onpointerenter as () => void;
    if (link) link.onblur = row.onpointerleave as () => void;
  });
}
