// The least of a service in JavaScript: register, login and validate by fastify, @node-rs/argon2 and jose. Accounts are in
// memory, or in the table of ACCOUNT_STORE, and nothing is limited, logged or revoked. Prints its port, which is PORT if that is set.
import { randomUUID } from "node:crypto";
import { hash, verify, verifySync } from "@node-rs/argon2";
import fastify from "fastify";
import { jwtVerify, SignJWT } from "jose";

const issuer = "serverless-auth";
const cost = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
const secret = new TextEncoder().encode(process.env.JWT_SECRET);
const hs256 = { name: "HMAC", hash: "SHA-256" };
const key = await crypto.subtle.importKey("raw", secret, hs256, false, ["sign", "verify"]);
const accounts = process.env.ACCOUNT_STORE ? await table(process.env.ACCOUNT_STORE.replace("dynamodb://", "")) : memory();

function memory() {
  const accounts = new Map();
  return {
    find: async (username) => accounts.get(username),
    add: async (account) => accounts.set(account.username, account),
  };
}

async function table(TableName) {
  const { DynamoDBClient, GetItemCommand, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
  const client = new DynamoDBClient();
  const pk = (username) => ({ S: `FLOOR#${username}` });
  return {
    async find(username) {
      const read = new GetItemCommand({ TableName, Key: { pk: pk(username) }, ConsistentRead: true });
      const { Item } = await client.send(read);
      return Item && { id: Item.id.S, username, hash: Item.hash.S };
    },
    async add({ id, username, hash }) {
      const Item = { pk: pk(username), id: { S: id }, hash: { S: hash } };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
  };
}

async function response({ id, username }) {
  const token = await new SignJWT({ user_id: id, username, ver: 0 })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime("1h")
    .setJti(randomUUID())
    .sign(key);
  return { user_id: id, username, token, token_type: "Bearer", expires_in: 3600 };
}

const text = { type: "string", maxLength: 1024 };
const schema = {
  body: { type: "object", required: ["username", "password"], properties: { username: text, password: text } },
};
const server = fastify();

server.post("/register", { schema }, async ({ body: { username, password } }, reply) => {
  if (await accounts.find(username)) return reply.code(400).send({ error: "taken" });
  const account = { id: randomUUID(), username, hash: await hash(password, cost) };
  await accounts.add(account);
  return reply.code(201).send(await response(account));
});

server.post("/login", { schema }, async ({ body: { username, password } }, reply) => {
  const account = await accounts.find(username);
  if (!account || !(await verify(account.hash, password))) return reply.code(401).send({ error: "invalid" });
  return response(account);
});

server.post("/validate", async (request, reply) => {
  const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
  const rules = { issuer, audience: issuer, algorithms: ["HS256"], requiredClaims: ["exp", "sub"] };
  const verdict = await jwtVerify(token, key, rules).catch(() => undefined);
  const account = verdict && (await accounts.find(verdict.payload.username));
  if (!account) return reply.code(401).send({ error: "invalid" });
  return { valid: true, user_id: account.id, username: account.username };
});

// No service: the processor time in milliseconds of one verification and nothing else, on this thread.
server.post("/bare", { schema }, async ({ body: { username, password } }) => {
  const { hash } = await accounts.find(username);
  const before = process.cpuUsage();
  verifySync(hash, password);
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: (user + system) / 1000 };
});

await server.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 0) });
console.log(server.server.address().port);
