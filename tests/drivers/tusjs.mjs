// Upload a file with tus-js-client: node tusjs.mjs ENDPOINT FILE [NAME=JSON ...]
// The options are the client's own. Prints {"url", "done"} as JSON; what went wrong, to stderr.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { PassThrough } from "node:stream";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { Upload } = require("tus-js-client");
const [endpoint, path, ...words] = process.argv.slice(2);
const given = Object.fromEntries(
  words.map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), JSON.parse(word.slice(at + 1))];
  }),
);

// A length is deferred for streams that do not know theirs: the client reads a file's length anyway.
const file = createReadStream(path);
const source = given.uploadLengthDeferred ? file.pipe(new PassThrough()) : file;
let told = false;
const tell = (done) => {
  told = true;
  process.exitCode = done ? 0 : 1;
  console.log(JSON.stringify({ url: upload.url, done }));
};
process.on("beforeExit", () => {
  if (told) return;
  console.error("it stopped without a word");
  tell(false);
});

const upload = new Upload(source, {
  endpoint,
  ...given,
  onSuccess: () => tell(true),
  onError: (error) => {
    console.error(String(error));
    tell(false);
  },
});
upload.start();
