import type { ChartConfiguration } from "chart.js";
import { cell, type Look, type Told, tooltip, value } from "./figure";

/** So many dots fit over each other: `STACK` of web/charts.py. */
const STACK = 6;

/** How many employees lie where: a dot for each, or bars. It runs from the left, as the marks of tables do. */
export function spread(of: Told, now: Look): ChartConfiguration {
  const dots = of.figure.dataset.chart === "dots";
  const counts = of.rows.map((row) => value(row, "n"));
  const middle = (row: HTMLElement): number => (value(row, "low") + value(row, "high")) / 2;
  const most = Math.max(...counts);
  const marks = of.rows.flatMap((row, n) =>
    dots
      ? Array.from({ length: counts[n] ?? 0 }, (_, over) => ({ row, x: middle(row), y: over + 0.5 }))
      : [{ row, x: middle(row), y: counts[n] ?? 0 }],
  );
  const tint = { backgroundColor: now.accent, hoverBackgroundColor: now.accent };
  const bars = { barPercentage: 1, categoryPercentage: 0.9 };
  const points = { pointRadius: 5, pointHoverRadius: 5, pointBorderWidth: 1, borderColor: now.sheet };
  return {
    type: dots ? "scatter" : "bar",
    data: { datasets: [{ data: marks, ...tint, ...(dots ? points : bars) }] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      scales: {
        x: {
          type: "linear",
          min: of.low,
          max: of.high,
          offset: false,
          grid: { display: false },
          border: { color: now.line },
          afterBuildTicks: (axis) => {
            axis.ticks = of.ticks;
          },
          ticks: { maxRotation: 0, align: "inner", callback: (_, n) => of.ticks[n]?.label },
        },
        y: {
          display: !dots,
          min: 0,
          max: dots ? STACK : most,
          grid: { display: false },
          border: { display: false },
          afterBuildTicks: (axis) => {
            axis.ticks = [{ value: most }];
          },
          ticks: { callback: () => cell(of.rows[counts.indexOf(most)]!, 1) },
        },
      },
      plugins: { tooltip: tooltip(of, now, (place) => marks[place]?.row) },
    },
  };
}
