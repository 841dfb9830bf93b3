/** Where an app keeps its tokens: a keychain. A page needs none, since its browser keeps them as cookies. */
export interface Vault {
  get(name: TokenName): Promise<string | null>;
  set(name: TokenName, token: string | null): Promise<void>;
}

export type TokenName = "refresh_token" | "device_token";

export interface Options {
  vault?: Vault;
  /** Called when there is no session, or no more: show the login form. */
  onSignedOut?: () => void;
  fetch?: typeof fetch;
  now?: () => number;
  sleep?: (milliseconds: number) => Promise<unknown>;
}

/** An error response. A request without a response fails with what `fetch` throws. */
export class AuthError extends Error {
  readonly status: number;
  readonly code: string; // "invalid_credentials", or "" where the fields have errors
  readonly body: Record<string, unknown>; // {"password": ["This password is too common."]}
  readonly retryAfter: number; // seconds

  constructor(status: number, body: Record<string, unknown>) {
    super(`${status} ${body["code"] ?? ""}`);
    this.status = status;
    this.code = String(body["code"] ?? "");
    this.body = body;
    this.retryAfter = Number(body["retry_after"] ?? 1);
  }
}

interface Tokens {
  token: string;
  expires_in: number;
  refresh_token?: string;
  device_token?: string;
  pending?: "email";
}

const TRIES = 4;
const PATIENCE = 10_000; // milliseconds for each try
const MARGIN = 10_000; // milliseconds by which a token is renewed before its end

export class Auth {
  readonly #url: string;
  readonly #vault: Vault | undefined;
  readonly #onSignedOut: () => void;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  #access: { token: string; renewAt: number } | null = null;
  #renewal: Promise<string> | null = null;

  /** `url` is that of the service, "" for the page's own origin. */
  constructor(url: string, options: Options = {}) {
    this.#url = url;
    this.#vault = options.vault;
    this.#onSignedOut = options.onSignedOut ?? (() => {});
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#now = options.now ?? Date.now;
    this.#sleep = options.sleep ?? ((milliseconds) => new Promise((done) => setTimeout(done, milliseconds)));
  }

  /** `false`: nobody is logged in before the email is confirmed, by the code of a mail. */
  async register(username: string, password: string, email = ""): Promise<boolean> {
    const key = crypto.randomUUID(); // one for all tries: none of them finds the name taken by another
    const body = { username, password, email, session: this.#transport() };
    const tokens = await this.#post("/register", body, { "idempotency-key": key });
    if (tokens.pending) return false;
    await this.#keep(tokens);
    return true;
  }

  /** `name` is a username or an email, here and below. */
  async login(name: string, password: string): Promise<void> {
    const device_token = await this.#vault?.get("device_token");
    const body = { ...named(name), password, device_token, session: this.#transport() };
    await this.#keep(await this.#post("/login", body));
  }

  /** After a start or a reload: `false` if nobody is logged in. */
  async resume(): Promise<boolean> {
    try {
      await this.#token();
      return true;
    } catch (error) {
      if (isEnd(error)) return false;
      throw error;
    }
  }

  /** Calls an API that takes the access token. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.#token();
    const response = await this.#call(url, token, init);
    if (response.status !== 401 && response.status !== 403) return response;
    return this.#call(url, await this.#token(token), init);
  }

  /** Ends this session, or every session of the account. If it fails, the user is still logged in. */
  async logout(all = false): Promise<void> {
    const refresh_token = await this.#vault?.get("refresh_token");
    await this.#post("/logout", { refresh_token, all });
    await this.#forget();
  }

  /** Sends a code to the address of an account, if there is such an account. */
  async forgotPassword(name: string): Promise<void> {
    await this.#post("/password/forgot", named(name));
  }

  /** Ends all sessions of the account: log in with the new password. */
  async resetPassword(name: string, code: string, new_password: string): Promise<void> {
    await this.#post("/password/reset", { ...named(name), code, new_password }, {}, 1);
    await this.#forget();
  }

  /** Ends all other sessions of the account. */
  async changePassword(current_password: string, new_password: string): Promise<void> {
    await this.#keep(await this.#ask("/password", { current_password, new_password }));
  }

  /** Sends a code to the address, which is the account's once the code is confirmed. */
  async changeEmail(email: string, current_password: string): Promise<void> {
    await this.#ask("/email", { email, current_password });
  }

  async confirmEmail(email: string, code: string): Promise<void> {
    await this.#post("/email/confirm", { email, code }, {}, 1);
  }

  async deleteAccount(current_password: string): Promise<void> {
    await this.#ask("/account/delete", { current_password });
    await this.#forget();
  }

  /** An access token that is not due, nor the one that was refused. Callers at the same time share one renewal. */
  async #token(refused?: string): Promise<string> {
    const access = this.#access;
    if (access && access.token !== refused && this.#now() < access.renewAt) return access.token;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #renew(): Promise<string> {
    const refresh_token = await this.#vault?.get("refresh_token");
    try {
      return await this.#keep(await this.#post("/refresh", { refresh_token }));
    } catch (error) {
      if (isEnd(error)) await this.#forget();
      throw error;
    }
  }

  async #keep(tokens: Tokens): Promise<string> {
    if (tokens.refresh_token) await this.#vault?.set("refresh_token", tokens.refresh_token);
    if (tokens.device_token) await this.#vault?.set("device_token", tokens.device_token);
    this.#access = { token: tokens.token, renewAt: this.#now() + tokens.expires_in * 1000 - MARGIN };
    return tokens.token;
  }

  async #forget(): Promise<void> {
    this.#access = null;
    await this.#vault?.set("refresh_token", null);
    this.#onSignedOut();
  }

  #transport(): "token" | "cookie" {
    return this.#vault ? "token" : "cookie";
  }

  #call(url: string, token: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    return this.#fetch(url, { ...init, headers });
  }

  /** Asks once as the user who is logged in, and again with another token if that one has ended. */
  async #ask(path: string, body: object): Promise<Tokens> {
    const token = await this.#token();
    const ask = (token: string) => this.#post(path, body, { authorization: `Bearer ${token}` }, 1);
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof AuthError) || error.code !== "invalid_token") throw error;
      return ask(await this.#token(token));
    }
  }

  /**
   * Most requests can be repeated after a lost response: a renewal and a registration get what the first one got. Those
   * that use up a code or a password cannot, and are made once.
   */
  async #post(path: string, body: object, headers: Record<string, string> = {}, most = TRIES): Promise<Tokens> {
    for (let tries = 1; ; tries++) {
      try {
        const response = await this.#fetch(this.#url + path, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
          credentials: this.#vault ? "omit" : "include",
          signal: AbortSignal.timeout(PATIENCE),
        });
        const json = response.status === 204 ? {} : await response.json().catch(() => ({}));
        if (response.ok) return json;
        throw new AuthError(response.status, json);
      } catch (error) {
        const mayPass = !(error instanceof AuthError) || error.status === 503;
        if (!mayPass || tries === most) throw error;
      }
      await this.#sleep(1000 * 2 ** tries * (0.5 + Math.random() / 2));
    }
  }
}

/** A name with an `@` is an email. */
function named(name: string): { username: string } | { email: string } {
  return name.includes("@") ? { email: name } : { username: name };
}

/** 401: the session has ended. 400: there is no refresh token. */
function isEnd(error: unknown): boolean {
  return error instanceof AuthError && ["invalid_session", "token_missing"].includes(error.code);
}
