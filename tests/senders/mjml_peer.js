// MJML's own compiler on Node: reads a JSON list of sources, writes a JSON list of results.
// Random names are made like in senders/mjml, so that both results can be equal to the byte.
const fs = require("node:fs");
const { createRequire } = require("node:module");

const [folder, input, output] = process.argv.slice(2);
const found = createRequire(`${folder}/`)("mjml");
const mjml2html = found.default || found;
let seed;
Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;

(async () => {
  const results = [];
  for (const source of JSON.parse(fs.readFileSync(input, "utf8"))) {
    seed = 1;
    try {
      const { html, errors } = await mjml2html(source, { fonts: {}, validationLevel: "soft" });
      results.push({ html, problems: errors.map(({ line, message }) => [line, message]) });
    } catch (error) {
      results.push({ refused: error.message });
    }
  }
  fs.writeFileSync(output, JSON.stringify(results));
})();
