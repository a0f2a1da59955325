// SPDX-License-Identifier: EUPL-1.2
/** Build the desk and the style sheet: names without hashes, into $FERNAMT_FRONT_OUT or ../var/front. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.env.FERNAMT_FRONT_OUT || join(here, "..", "var", "front"));
const target = ["chrome110", "firefox115", "safari16.4"];

/**
 * KERN carries its icons as data: addresses, which a strict policy forbids, and a third of its weight in utility
 * classes that we do not use. This turns the icons into files and leaves the utilities out.
 */
const kern = {
  name: "kern",
  setup(builder) {
    builder.onLoad({ filter: /@kern-ux[\\/]native[\\/]dist[\\/]kern\.css$/ }, async ({ path }) => {
      const whole = await readFile(path, "utf8");
      const utilities = whole.lastIndexOf("/**", whole.lastIndexOf("@file _spacing.scss"));
      if (utilities < 0) throw new Error("KERN's style sheet has changed: where do the utilities begin?");
      const icons = new Map();
      const contents = whole.slice(0, utilities).replace(/url\("data:image\/svg\+xml,([^"]*)"\)/g, (_, encoded) => {
        const svg = decodeURIComponent(encoded);
        if (!icons.has(svg)) icons.set(svg, `icons/kern-${icons.size + 1}.svg`);
        return `url("./${icons.get(svg)}")`;
      });
      await mkdir(join(out, "icons"), { recursive: true });
      for (const [svg, name] of icons) await writeFile(join(out, name), svg);
      return { contents, loader: "css", resolveDir: dirname(path) };
    });
    builder.onResolve({ filter: /^\.\/icons\// }, ({ path }) => ({ path, external: true }));
  },
};

await mkdir(out, { recursive: true });
await Promise.all([
  build({
    entryPoints: { desk: join(here, "src", "main.tsx") },
    outdir: out,
    bundle: true,
    format: "esm",
    target,
    minify: true,
    legalComments: "none",
    sourcemap: "linked",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    logLevel: "warning",
  }),
  build({
    entryPoints: { fernamt: join(here, "styles", "fernamt.css") },
    outdir: out,
    bundle: true,
    target,
    minify: true,
    legalComments: "none",
    loader: { ".woff2": "file" },
    assetNames: "fonts/[name]",
    plugins: [kern],
    logLevel: "warning",
  }),
]);
console.log(`built desk.js and fernamt.css into ${out}`);
