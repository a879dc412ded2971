// Upload one file with tus-js-client's defaults: node tusjs.mjs ENDPOINT FILE [OPTIONS AS JSON]
// Prints one line of JSON: the URL, and the statuses of all requests in order.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { PassThrough } from "node:stream";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { Upload } = require("tus-js-client");
const [endpoint, path, options = "{}"] = process.argv.slice(2);
const requests = [];
const given = JSON.parse(options);

// A length is deferred for streams that do not know theirs: the client reads a file's length anyway.
const file = createReadStream(path);
const source = given.uploadLengthDeferred ? file.pipe(new PassThrough()) : file;

const upload = new Upload(source, {
  endpoint,
  ...given,
  onAfterResponse: (request, response) => {
    requests.push([request.getMethod(), response.getStatus()]);
  },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url, requests })),
  onError: (error) => {
    console.error(String(error));
    process.exitCode = 1;
  },
});
upload.start();
