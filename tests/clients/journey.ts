// Takes the client of docs/frontend.md through a session with the service at AUTH_URL.

import assert from "node:assert/strict";

import { Auth, AuthError, type TokenName, type Vault } from "./auth.ts";

const url = process.env["AUTH_URL"]!;
const password = "correct horse battery staple";

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

  constructor(vault: Vault) {
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

  async me(): Promise<{ username: string }> {
    const response = await this.auth.fetch(`${url}/me`);
    assert.equal(response.status, 200);
    return (await response.json()) as { username: string };
  }

  /** The paths that were asked for meanwhile. */
  async during(work: () => Promise<unknown>): Promise<string[]> {
    this.requests = [];
    await work();
    return this.requests;
  }
}

const lost = async (pass: () => Promise<Response>) => {
  await pass();
  throw new TypeError("fetch failed");
};
const answers = (status: number, body: object) => async () => Response.json(body, { status });
const unavailable = answers(503, { code: "unavailable", retry_after: 2 });
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
const wrong = { status: 401, code: "invalid_credentials" };
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
