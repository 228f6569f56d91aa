import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip,
} from "chart.js";
import { look, told } from "./figure";
import { spread } from "./spread";
import { follow, weeks } from "./weeks";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip,
);

const drawn: Chart[] = [];

/** Draws every chart of the page, anew when the colours of the page change. */
function draw(): void {
  for (const chart of drawn.splice(0)) chart.destroy();
  for (const figure of document.querySelectorAll<HTMLElement>("figure.chart")) {
    const of = told(figure);
    if (!of) continue;
    const now = look(of.canvas);
    const byWeek = figure.dataset.chart === "weeks";
    const chart = new Chart(of.canvas, byWeek ? weeks(of, now) : spread(of, now));
    if (byWeek) follow(of, chart);
    drawn.push(chart);
  }
}

draw();
document.addEventListener("htmx:afterSettle", (event) => {
  if ((event.target as Element).querySelector("figure.chart")) draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
