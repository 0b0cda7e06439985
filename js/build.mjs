// Bundles each widget of src/widgets/ into one ES module and one stylesheet, where
// the Python package looks for them. Anywidget copies the module's text into every
// saved notebook, once per instance: the limit below keeps it small.
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MAX_BYTES = 39_000;
const here = fileURLToPath(new URL(".", import.meta.url));
const outdir = join(here, "..", "lucid_widgets", "widgets", "static");
const sources = (await readdir(join(here, "src", "widgets"))).filter((name) =>
  name.endsWith(".ts"),
);

await build({
  entryPoints: sources.map((name) => join(here, "src", "widgets", name)),
  outdir,
  bundle: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  // Private fields as they are: rewritten for older browsers, which know no container
  // queries either, the bundle would be half as large again.
  target: "es2022",
  legalComments: "none",
  logLevel: "info",
});

for (const source of sources) {
  const name = basename(source, ".ts");
  const { size } = await stat(join(outdir, `${name}.js`));
  if (size > MAX_BYTES) {
    throw new Error(
      `${name}.js has ${size} bytes, expected at most ${MAX_BYTES}: saved notebooks ` +
        "carry a copy per widget. Remove something, or raise MAX_BYTES knowingly.",
    );
  }
}
