// Express that keeps the count for a second, as the service does, and logs each request as a line of JSON.
import { randomUUID } from "node:crypto";
import mysql from "mysql2/promise";
import { serve } from "./serve.js";

const MAX_AGE = 1000; // milliseconds

function log(request, response, next) {
  const started = performance.now();
  const request_id = randomUUID();
  response.set("X-Request-ID", request_id);
  response.on("finish", () => {
    const line = {
      time: new Date().toISOString(),
      level: "INFO",
      message: "request",
      request_id,
      method: request.method,
      path: request.path,
      status: response.statusCode,
      duration_ms: Math.round((performance.now() - started) * 100) / 100,
      remote_address: request.socket.remoteAddress,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  });
  next();
}

serve((url) => {
  const pool = mysql.createPool(url);
  let [counted, begun] = [undefined, -Infinity];
  return () => {
    if (performance.now() - begun > MAX_AGE) {
      begun = performance.now();
      counted = pool.query("SELECT COUNT(*) AS number FROM records").then(([[row]]) => row.number);
    }
    return counted;
  };
}, log);
