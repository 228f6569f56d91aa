// Bundles what plays and draws, and the icons of icons.json, into web/static/dist. `node build.mjs`
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

await build({
  entryPoints: ["interaction", "list", "api", "pages", "progress", "zones", "charts", "proposals"].map((name) => `src/${name}.ts`),
  outdir: "../static/dist",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  legalComments: "eof",
  logLevel: "info",
});

// One file of symbols; a page shows one of them by <use href="…/icons.svg#name">.
const names = JSON.parse(await readFile("icons.json", "utf8"));
const symbols = await Promise.all(
  names.map(async (name) => {
    const drawn = await readFile(`node_modules/lucide-static/icons/${name}.svg`, "utf8");
    const shapes = drawn.slice(drawn.indexOf(">", drawn.indexOf("<svg")) + 1, drawn.lastIndexOf("</svg>"));
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
  }),
);
await writeFile("../static/dist/icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`);
