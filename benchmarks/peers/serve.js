// Shared by the Express peers: two processes, and a page of about the size of the service's own.
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import express from "express";

const PROCESSES = 2;
const style = readFileSync(new URL("../../app/templates/style.css", import.meta.url), "utf8");

export function serve(counter, ...middleware) {
  if (cluster.isPrimary) {
    for (let i = 0; i < PROCESSES; i++) cluster.fork();
    return;
  }
  const count = counter(process.env.DATABASE_URL);
  const app = express();
  app.disable("etag"); // the page changes by the second, as the service's, which says no-store
  app.use(...middleware, async (request, response) => {
    const number = (await count()).toLocaleString("en-US");
    response.set("Cache-Control", "no-store");
    response.send(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${number} records</title><style>${style}</style></head>
<body><main><h1><span class="number">${number}</span> records</h1></main></body>
</html>
`);
  });
  app.listen(process.env.PORT, "127.0.0.1");
}
