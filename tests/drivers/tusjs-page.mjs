// Upload a file with tus-js-client in Chromium: node tusjs-page.mjs ENDPOINT FILE [NAME=JSON ...]
// The page is the endpoint's own origin. Options and output as of tusjs.mjs.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [endpoint, path, ...words] = process.argv.slice(2);
const given = Object.fromEntries(
  words.map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), JSON.parse(word.slice(at + 1))];
  }),
);

const browser = await chromium.launch({
  executablePath: process.env.TUSLINE_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage();
await page.goto(new URL("/healthz", endpoint).href);
await page.setContent("<input type=file>");
await page.addScriptTag({ path: require.resolve("tus-js-client/dist/tus.js") });
await page.setInputFiles("input", path);
const { words: failure, ...told } = await page.evaluate(
  ([options]) =>
    new Promise((resolve) => {
      const upload = new globalThis.tus.Upload(document.querySelector("input").files[0], {
        ...options,
        onSuccess: () => resolve({ url: upload.url, done: true }),
        onError: (error) => resolve({ url: upload.url, done: false, words: String(error) }),
      });
      upload.start();
    }),
  [{ endpoint, ...given }],
);
await browser.close();
if (failure) console.error(failure);
console.log(JSON.stringify(told));
process.exitCode = told.done ? 0 : 1;
