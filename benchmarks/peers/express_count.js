// Express that counts for each request, in two processes.
import mysql from "mysql2/promise";
import { serve } from "./serve.js";

serve((url) => {
  const pool = mysql.createPool(url);
  return async () => (await pool.query("SELECT COUNT(*) AS number FROM records"))[0][0].number;
});
