/** A chart is drawn from the figure that the server wrote: its numbers, words and digits stand in a table there. */
import { Chart, type ChartType, Tooltip, type TooltipPositionerFunction } from "chart.js";

declare module "chart.js" {
  interface TooltipPositionerMap {
    first: TooltipPositionerFunction<ChartType>;
  }
}

/** At the first mark of a place, the mean of a week: not amid all of them. */
Tooltip.positioners.first = ([one]) => {
  const { x, y } = one ? one.element.tooltipPosition(true) : { x: null, y: null };
  return x === null || y === null ? false : { x, y };
};

/** Everything that a figure says; the words and figures in it are written by the server. */
export interface Told {
  figure: HTMLElement;
  canvas: HTMLCanvasElement;
  head: string[];
  rows: HTMLTableRowElement[];
  low: number;
  high: number;
  ticks: { value: number; label: string }[];
}

/** The colours of the scheme that holds now, out of tokens.css. */
export interface Look {
  accent: string;
  soft: string;
  sheet: string;
  sunk: string;
  grid: string;
  ink: string;
  line: string;
  count: string;
}

/** Null where there is nothing to draw on, or from. */
export function told(figure: HTMLElement): Told | null {
  const canvas = figure.querySelector("canvas");
  const table = figure.querySelector("table");
  if (!canvas || !table) return null;
  const { low, high, ticks, figures } = figure.dataset;
  const labels = (figures ?? "").split(" ");
  return {
    figure,
    canvas,
    head: [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent ?? ""),
    rows: [...(table.tBodies[0]?.rows ?? [])],
    low: Number(low),
    high: Number(high),
    ticks: (ticks ?? "").split(" ").map((value, n) => ({ value: Number(value), label: labels[n] ?? value })),
  };
}

/** A number that a row has, NaN where it has none: a gap in the chart. */
export function value(row: HTMLElement, name: string): number {
  return Number(row.dataset[name] ?? NaN);
}

/** The colours and letters of the page as they are now. */
export function look(canvas: HTMLCanvasElement): Look {
  const style = getComputedStyle(canvas);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  Chart.defaults.font.family = style.fontFamily;
  Chart.defaults.font.size = parseFloat(style.fontSize);
  Chart.defaults.color = style.color;
  return {
    accent: token("accent"),
    soft: token("accent-soft"),
    sheet: token("sheet"),
    sunk: token("sunk"),
    grid: token("line-soft"),
    ink: token("ink"),
    line: token("line-hard"),
    count: token("count"),
  };
}

/** What a cell says, for itself among words of another direction (the signs of Unicode for that); a range runs
    from the left in all languages. */
export function cell(row: HTMLTableRowElement, n: number): string {
  const text = row.cells[n]?.textContent?.trim() ?? "";
  return `${row.cells[n]?.querySelector("[dir=ltr]") ? "\u2066" : "\u2068"}${text}\u2069`;
}

/** Letters of the page in a box of its colours; a mark says what its row of the table says (`rowOf` its place). */
export function tooltip(of: Told, now: Look, rowOf = (place: number) => of.rows[place]): object {
  const mirrored = document.dir === "rtl";
  return {
    displayColors: false,
    position: "first",
    yAlign: "top",
    animation: false,
    rtl: mirrored,
    textDirection: document.dir || "ltr",
    bodyAlign: mirrored ? "right" : "left",
    backgroundColor: now.sheet,
    borderColor: now.line,
    borderWidth: 1,
    titleColor: now.ink,
    bodyColor: now.ink,
    titleFont: { weight: "600" },
    cornerRadius: 6,
    padding: 8,
    caretSize: 0,
    caretPadding: 10,
    filter: (_: object, place: number) => place === 0,
    callbacks: {
      title: ([item]: { dataIndex: number }[]) => {
        const row = item && rowOf(item.dataIndex);
        return row ? `${of.head[0]} ${cell(row, 0)}` : "";
      },
      label: ({ dataIndex }: { dataIndex: number }) => {
        const row = rowOf(dataIndex);
        return row ? of.head.slice(1).map((name, n) => `\u2068${name}\u2069: ${cell(row, n + 1)}`) : "";
      },
    },
  };
}
