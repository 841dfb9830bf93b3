// Makes node.json: password hashes by Better Auth's, Firebase's and PHC's packages for Node.js, and their word on which
// passwords they accept.
//
//     npm install @better-auth/utils@0.5.1 firebase-scrypt@2.2.0 @phc/pbkdf2@1.1.14
//     node make.mjs     # beside node_modules; it writes into the folder it is called in
//
// Our own code must never write node.json: it would agree with itself.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.cwd(), "package.json"));
const betterAuth = require("@better-auth/utils/password");
const { FirebaseScrypt } = require("firebase-scrypt");
const pbkdf2 = require("@phc/pbkdf2");

const PASSWORDS = {
  plain: "correct horse battery staple",
  decomposed: "Cafe\u0301 \ufb01 \u2167 密码 \u{1f600} ",
  "of 200 bytes": Array.from({ length: 200 }, (_, i) => String.fromCharCode(48 + (i % 75))).join(""),
  empty: "",
};

function candidates(password) {
  const forms = ["NFC", "NFKC", "NFD"].map((form) => password.normalize(form));
  return [...new Set([password, password + "x", password.slice(0, -1), password.toUpperCase(), "", ...forms])];
}

async function judged(name, hash, password, verify) {
  const accepted = [];
  const refused = [];
  for (const candidate of candidates(password)) {
    ((await verify(candidate)) ? accepted : refused).push(candidate);
  }
  if (!accepted.includes(password)) throw new Error(name);
  return { name, hash, accepted, refused };
}

const project = {
  memCost: 5,
  rounds: 4,
  saltSeparator: "Bw==",
  signerKey: "gdShl9G7k68tQK/PsKz6bExGdaQ2l0/w6LXWoEjpWxAjn/bYGoSZXz2byS9hTi57iMwX65iLUaHdySmIhwOB4w==",
};

async function firebase(name, password, salt) {
  const scrypt = new FirebaseScrypt(project);
  const key = await scrypt.hash(password, salt);
  const { memCost, rounds, saltSeparator, signerKey } = project;
  const hash = `$firescrypt$ln=${memCost},r=${rounds},p=1$${salt}$${key}$${saltSeparator}$${signerKey}`;
  // It takes no empty password.
  return judged(`Firebase, ${name}`, hash, password, (typed) => typed !== "" && scrypt.verify(typed, salt, key));
}

async function vectors() {
  const made = [];
  for (const [name, password] of Object.entries(PASSWORDS)) {
    const auth = await betterAuth.hashPassword(password);
    made.push(await judged(`Better Auth, ${name}`, auth, password, (typed) => betterAuth.verifyPassword(auth, typed)));
    const phc = await pbkdf2.hash(password, { digest: "sha256", iterations: 1000 });
    made.push(await judged(`@phc/pbkdf2, ${name}`, phc, password, (typed) => pbkdf2.verify(phc, typed)));
    if (password) made.push(await firebase(name, password, "-_xEC-ixf3L2lw=="));
  }
  return made;
}

const packages = ["@better-auth/utils", "firebase-scrypt", "@phc/pbkdf2"];
const versions = packages.map((name) => `${name} ${require(path.resolve("node_modules", name, "package.json")).version}`);
const node = { made_by: [`Node.js ${process.versions.node}`, ...versions], vectors: await vectors() };
writeFileSync("node.json", JSON.stringify(node, null, 2) + "\n");
