// Takes the client of docs/frontend.md through a session with the service at AUTH_URL.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

import { Auth, AuthError, type TokenName, type Vault } from "./auth.ts";

const url = process.env["AUTH_URL"]!;
const mails = process.env["MAILS"]!;
const password = "correct horse battery staple";

interface Me {
  username: string;
  email_verified: boolean;
}

class Keychain implements Vault {
  readonly tokens = new Map<TokenName, string>();

  async get(name: TokenName) {
    return this.tokens.get(name) ?? null;
  }

  async set(name: TokenName, token: string | null) {
    if (token === null) this.tokens.delete(name);
    else this.tokens.set(name, token);
  }
}

/** An app with a clock and a network of its own. */
class App {
  clock = Date.now();
  requests: string[] = [];
  sent: Record<string, unknown> = {}; // the last body
  waits: number[] = [];
  signedOut = 0;
  /** What the network does with the next requests; without it they pass. */
  faults: ((pass: () => Promise<Response>) => Promise<Response>)[] = [];
  readonly auth: Auth;
  readonly vault: Keychain;

  constructor(vault: Keychain) {
    this.vault = vault;
    this.auth = new Auth(url, {
      vault,
      onSignedOut: () => this.signedOut++,
      fetch: (input, init) => this.#send(String(input), init),
      now: () => this.clock,
      sleep: async (milliseconds) => this.waits.push(milliseconds),
    });
  }

  async #send(input: string, init?: RequestInit): Promise<Response> {
    this.requests.push(input.slice(url.length));
    if (typeof init?.body === "string") this.sent = JSON.parse(init.body);
    const fault = this.faults.shift();
    return fault ? fault(() => fetch(input, init)) : fetch(input, init);
  }

  async me(): Promise<Me> {
    const response = await this.auth.fetch(`${url}/me`);
    assert.equal(response.status, 200);
    return (await response.json()) as Me;
  }

  /** The paths that were asked for meanwhile. */
  async during(work: () => Promise<unknown>): Promise<string[]> {
    this.requests = [];
    await work();
    return this.requests;
  }
}

/** The code of the last mail of a kind. */
function code(kind: string): string {
  const last = readdirSync(mails).filter((name) => name.includes(`-${kind}-`)).toSorted().at(-1);
  return /^\w{5}-\w{5}(?=\r?$)/m.exec(readFileSync(`${mails}/${last}`, "utf8"))![0];
}

const lost = async (pass: () => Promise<Response>) => {
  await pass();
  throw new TypeError("fetch failed");
};
const answers = (status: number, body: object) => async () => Response.json(body, { status });
const unavailable = answers(503, { code: "unavailable", retry_after: 2 });
const wrong = { status: 401, code: "invalid_credentials" };
const hour = 3_600_000;

const vault = new Keychain();
const app = new App(vault);

// Nobody is logged in yet. A registration logs in, also if its response is lost.
assert.equal(await app.auth.resume(), false);
assert.equal(app.signedOut, 1);
app.faults = [lost];
assert.deepEqual(await app.during(() => app.auth.register("typist", password)), ["/register", "/register"]);
assert.equal((await app.me()).username, "typist");
const device = vault.tokens.get("device_token");
assert.ok(device);

// Two calls after the token's end share one renewal.
const first = vault.tokens.get("refresh_token");
app.clock += hour;
const both = await app.during(() => Promise.all([app.me(), app.me()]));
assert.deepEqual(both.toSorted(), ["/me", "/me", "/refresh"]);
assert.notEqual(vault.tokens.get("refresh_token"), first);
assert.deepEqual(await app.during(() => app.me()), ["/me"]);

// A token that an API refuses is renewed, and the call made again, once.
for (const status of [401, 403]) {
  app.faults = [answers(status, {})];
  assert.deepEqual(await app.during(() => app.me()), ["/me", "/refresh", "/me"]);
}
app.faults = [answers(403, {}), (pass) => pass(), answers(403, {})];
assert.equal((await app.auth.fetch(`${url}/me`)).status, 403);

// A renewal whose response is lost, or that finds the service down, is repeated.
let gone = "";
app.faults = [
  unavailable,
  async (pass) => {
    gone = ((await (await pass()).json()) as { refresh_token: string }).refresh_token;
    throw new TypeError("fetch failed");
  },
];
app.clock += hour;
app.waits = [];
assert.deepEqual(await app.during(() => app.me()), ["/refresh", "/refresh", "/refresh", "/me"]);
assert.equal(vault.tokens.get("refresh_token"), gone, "the same successor");
assert.ok(app.waits.length === 2 && app.waits[0]! >= 1000 && app.waits[1]! >= 2000);

// While the service is down nobody is logged out.
app.clock += hour;
for (const work of [() => app.me(), () => app.auth.resume()]) {
  app.faults = [unavailable, unavailable, unavailable, unavailable];
  const tried = await app.during(() => assert.rejects(work(), { status: 503, code: "unavailable" }));
  assert.deepEqual(tried, ["/refresh", "/refresh", "/refresh", "/refresh"]);
}
assert.equal(app.signedOut, 1);
await app.me();

// The app is started anew.
const again = new App(vault);
assert.equal(await again.auth.resume(), true);
assert.equal((await again.me()).username, "typist");

// Errors are told, and nothing is repeated.
await assert.rejects(again.auth.login("typist", "another password"), wrong);
assert.equal(again.sent["device_token"], device);
await assert.rejects(again.auth.register("typist-2", "password"), (error) => {
  return error instanceof AuthError && Array.isArray(error.body["password"]);
});
assert.deepEqual(await again.during(() => again.auth.login("typist", password)), ["/login"]);

// A logout ends the session at once, also for the access token.
let bearer = "";
const spy = new Auth(url, {
  vault,
  fetch: (input, init) => {
    bearer = new Headers(init?.headers).get("authorization") ?? bearer;
    return fetch(input, init);
  },
});
await spy.fetch(`${url}/me`);
const held = vault.tokens.get("refresh_token");
await spy.logout();
assert.equal((await fetch(`${url}/me`, { headers: { authorization: bearer } })).status, 401);
assert.equal(vault.tokens.get("refresh_token"), undefined);
assert.ok(vault.tokens.get("device_token"), "the device stays known");
vault.tokens.set("refresh_token", held!);
await assert.rejects(again.me(), { status: 401, code: "invalid_session" });
assert.equal(again.signedOut, 1);
assert.equal(await again.auth.resume(), false);

// A registration that waits for a mail logs nobody in.
const owner = new App(new Keychain());
owner.faults = [answers(202, { pending: "email" })];
assert.equal(await owner.auth.register("owner", password, "owner@example.com"), false);
assert.equal(await owner.auth.resume(), false);
assert.equal(await owner.auth.register("owner", password, "owner@example.com"), true);

// A change of password goes on in the same session, and a wrong password is tried once.
const [second, third] = [`${password} 2`, `${password} 3`];
assert.deepEqual(await owner.during(() => assert.rejects(owner.auth.changePassword(second, third), wrong)), ["/password"]);
assert.deepEqual(await owner.during(() => owner.auth.changePassword(password, second)), ["/password"]);
assert.deepEqual(await owner.during(() => owner.me()), ["/me"]);
owner.clock += hour;
assert.deepEqual(await owner.during(() => owner.me()), ["/refresh", "/me"]);

// A change whose response is lost was made, and is not repeated. The session goes on.
const tab = new App(owner.vault);
await tab.me();
owner.faults = [lost];
const change = () => assert.rejects(owner.auth.changePassword(second, third), TypeError);
assert.deepEqual(await owner.during(change), ["/password"]);
assert.deepEqual(await owner.during(() => owner.me()), ["/me", "/refresh", "/me"]);

// Another tab has an access token that has ended since.
assert.deepEqual(await tab.during(() => tab.auth.changeEmail("new@example.com", third)), ["/email", "/refresh", "/email"]);

// What uses up a code is not repeated.
const confirm = () => tab.auth.confirmEmail("new@example.com", code("confirm"));
tab.faults = [lost];
assert.deepEqual(await tab.during(() => assert.rejects(confirm(), TypeError)), ["/email/confirm"]);
await assert.rejects(confirm(), (error) => error instanceof AuthError && Array.isArray(error.body["code"]));
assert.equal((await tab.me()).email_verified, true);

// A forgotten password is replaced by the code of a mail, which logs everybody out.
await owner.auth.forgotPassword("new@example.com");
const reset = () => owner.auth.resetPassword("new@example.com", code("reset"), password);
owner.faults = [unavailable];
assert.deepEqual(await owner.during(() => assert.rejects(reset(), { status: 503 })), ["/password/reset"]);
owner.signedOut = 0;
await reset();
assert.deepEqual([owner.signedOut, [...owner.vault.tokens.keys()]], [1, ["device_token"]]);
await assert.rejects(owner.me(), { code: "token_missing" });
await owner.auth.login("new@example.com", password);
assert.equal((await owner.me()).username, "owner");

// A deletion does so too.
owner.signedOut = 0;
await owner.auth.deleteAccount(password);
assert.deepEqual([owner.signedOut, [...owner.vault.tokens.keys()]], [1, ["device_token"]]);
await assert.rejects(owner.me(), { code: "token_missing" });
await assert.rejects(owner.auth.login("owner", password), wrong);
