// Bundles what plays and draws into web/static/dist. `node build.mjs`
import { build } from "esbuild";

await build({
  entryPoints: ["src/interaction.ts", "src/api.ts", "src/progress.ts", "src/zones.ts"],
  outdir: "../static/dist",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  legalComments: "eof",
  logLevel: "info",
});
