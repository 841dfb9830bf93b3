// Makes lucia.json: password hashes by Lucia, and its word on which passwords it accepts.
//
//     npm install lucia@2.7.7
//     node lucia.mjs     # beside node_modules; it writes into the folder it is called in
//
// Our own code must never write lucia.json: it would agree with itself.

import { readFileSync, writeFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto;
const require = createRequire(path.join(process.cwd(), "package.json"));
const folder = path.join(process.cwd(), "node_modules", "lucia");
const { version, exports: entries } = JSON.parse(readFileSync(path.join(folder, "package.json")));
const entry = entries["./utils"];
const { generateLuciaPasswordHash, validateLuciaPasswordHash } = await import(pathToFileURL(path.join(folder, entry)));

const PASSWORDS = {
  plain: "correct horse battery staple",
  decomposed: "Cafe\u0301 \ufb01 \u2167 密码 \u{1f600} ",
};

const vectors = [];
for (const [name, password] of Object.entries(PASSWORDS)) {
  const hash = await generateLuciaPasswordHash(password);
  const [accepted, refused] = [[], []];
  const forms = ["NFC", "NFKC"].map((form) => password.normalize(form));
  for (const typed of new Set([password, password + "x", password.toUpperCase(), "", ...forms])) {
    ((await validateLuciaPasswordHash(typed, hash)) ? accepted : refused).push(typed);
  }
  vectors.push({ name: `Lucia, ${name}`, hash, accepted, refused });
}
const made_by = [`Node.js ${process.versions.node}`, `lucia ${version}`];
writeFileSync("lucia.json", JSON.stringify({ made_by, vectors }, null, 2) + "\n");
