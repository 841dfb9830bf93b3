// Takes the client of docs/frontend.md through a session with the service at AUTH_URL.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

import { Auth, AuthError, got, type TokenName, type Vault } from "./auth.ts";

const url = process.env["AUTH_URL"]!;
const mails = process.env["MAILS"]!;
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
  readonly vault: Keychain;

  constructor(vault: Keychain) {
    this.vault = vault;
    this.auth = new Auth(url, {
      vault,
      onSignedOut: () => this.signedOut++,
      fetch: (request, init) => this.#send(request, init),
      now: () => this.clock,
      sleep: async (milliseconds) => this.waits.push(milliseconds),
    });
  }

  async #send(request: Request, init?: RequestInit): Promise<Response> {
    this.requests.push(request.url.slice(url.length));
    if (request.method === "POST") this.sent = (await request.clone().json()) as Record<string, unknown>;
    const fault = this.faults.shift();
    return fault ? fault(() => fetch(request, init)) : fetch(request, init);
  }

  me() {
    return got(this.auth.api.GET("/me"));
  }

  changePassword(current_password: string, new_password: string) {
    return got(this.auth.api.POST("/password", { body: { current_password, new_password } }));
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

// An API of others is asked once, and no more while it is down.
app.faults = [unavailable];
assert.deepEqual(await app.during(() => app.auth.fetch(`${url}/me`)), ["/me"]);

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
  return error instanceof AuthError && error.fields === "password=password_too_common" && Array.isArray(error.body["password"]);
});
assert.deepEqual(await again.during(() => again.auth.login("typist", password)), ["/login"]);

// A logout ends the session at once, also for the access token.
let bearer = "";
const spy = new Auth(url, {
  vault,
  fetch: (request, init) => {
    bearer = request.headers.get("authorization") ?? bearer;
    return fetch(request, init);
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
assert.deepEqual(await owner.during(() => assert.rejects(owner.changePassword(second, third), wrong)), ["/password"]);
assert.deepEqual(await owner.during(() => owner.changePassword(password, second)), ["/password"]);
assert.deepEqual(await owner.during(() => owner.me()), ["/me"]);
owner.clock += hour;
assert.deepEqual(await owner.during(() => owner.me()), ["/refresh", "/me"]);

// A change whose response is lost was made, and is not repeated. The session goes on.
const tab = new App(owner.vault);
await tab.me();
owner.faults = [lost];
const change = () => assert.rejects(owner.changePassword(second, third), TypeError);
assert.deepEqual(await owner.during(change), ["/password"]);
assert.deepEqual(await owner.during(() => owner.me()), ["/me", "/refresh", "/me"]);

const changeEmail = () => got(tab.auth.api.POST("/email", { body: { email: "new@example.com", current_password: third } }));

// Another tab has an access token that has ended since.
assert.deepEqual(await tab.during(() => changeEmail()), ["/email", "/refresh", "/email"]);

// What uses up a code is not repeated.
const confirm = () =>
  got(tab.auth.api.POST("/email/confirm", { body: { email: "new@example.com", code: code("confirm") } }));
tab.faults = [lost];
assert.deepEqual(await tab.during(() => assert.rejects(confirm(), TypeError)), ["/email/confirm"]);
await assert.rejects(confirm(), (error) => error instanceof AuthError && Array.isArray(error.body["code"]));
assert.equal((await tab.me()).email_verified, true);

// A forgotten password is replaced by the code of a mail, which logs everybody out.
await got(owner.auth.api.POST("/password/forgot", { body: { email: "new@example.com" } }));
const reset = () => {
  const body = { email: "new@example.com", code: code("reset"), new_password: password };
  return got(owner.auth.api.POST("/password/reset", { body }));
};
owner.faults = [unavailable];
assert.deepEqual(await owner.during(() => assert.rejects(reset(), { status: 503 })), ["/password/reset"]);
owner.signedOut = 0;
await reset();
assert.deepEqual([owner.signedOut, [...owner.vault.tokens.keys()]], [1, ["device_token"]]);
await assert.rejects(owner.me(), { code: "token_missing" });
await owner.auth.login("new@example.com", password);
assert.equal((await owner.me()).username, "owner");

// The owner ends the session of another device.
const phone = new App(new Keychain());
await phone.auth.login("owner", password);
const { sessions } = await got(owner.auth.api.GET("/sessions"));
const [other] = sessions.filter((session) => !session.current);
await got(owner.auth.api.DELETE("/sessions/{id}", { params: { path: { id: other!.id } } }));
await assert.rejects(phone.me(), { code: "invalid_session" });

// A deletion ends all.
owner.signedOut = 0;
await got(owner.auth.api.POST("/account/delete", { body: { current_password: password } }));
assert.deepEqual([owner.signedOut, [...owner.vault.tokens.keys()]], [1, ["device_token"]]);
await assert.rejects(owner.me(), { code: "token_missing" });
await assert.rejects(owner.auth.login("owner", password), wrong);
