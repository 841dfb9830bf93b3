// Better Auth as https://better-auth.com/docs/installation and .../integrations/node set it up: emails and passwords, SQLite, and
// Node's own HTTP server. Runs as `server.mjs migrate`, then `server.mjs PORT`. HASH=argon2id takes our hash in the place of its
// scrypt, as .../authentication/email-password#configuration shows; RATE_LIMIT=off lifts the limit of a client IP.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";

const cost = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
const argon2id = {
  hash: (password) => hash(password, cost),
  verify: ({ hash, password }) => verify(hash, password),
};

const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  database: new DatabaseSync("accounts.db"),
  emailAndPassword: { enabled: true, ...(process.env.HASH === "argon2id" && { password: argon2id }) },
  ...(process.env.RATE_LIMIT === "off" && { rateLimit: { enabled: false } }),
});

if (process.argv[2] === "migrate") {
  await (await getMigrations(auth.options)).runMigrations();
} else {
  createServer(toNodeHandler(auth)).listen(Number(process.argv[2]), "127.0.0.1");
}
