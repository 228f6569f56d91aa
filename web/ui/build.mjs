// Bundles what plays and draws into web/static/dist. `node build.mjs`
import { build } from "esbuild";

await build({
<<<<<<< HEAD
  entryPoints: ["src/interaction.ts", "src/api.ts"],
=======
  entryPoints: ["src/interaction.ts", "src/progress.ts"],
>>>>>>> 1f3ad3c (Bring recordings and zips of chats in on a page, and tell open pages how uploads and batches go on)
  outdir: "../static/dist",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  legalComments: "eof",
  logLevel: "info",
});
