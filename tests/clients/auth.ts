import createClient, { type Client } from "openapi-fetch";

import type { paths } from "./api.ts";

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
  fetch?: (request: Request, init?: RequestInit) => Promise<Response>;
  now?: () => number;
  sleep?: (milliseconds: number) => Promise<unknown>;
}

/** An error response. A request without a response fails with what `fetch` throws. */
export class AuthError extends Error {
  readonly status: number;
  readonly code: string; // "invalid_credentials", or "" where the fields have errors
  readonly body: Record<string, unknown>; // {"password": ["This password is too common."]}
  readonly fields: string; // "password=password_too_common"
  readonly retryAfter: number; // seconds

  constructor(response: Response, body: unknown) {
    // API Gateway itself, or a proxy, may send anything.
    const members: Record<string, unknown> = typeof body === "object" ? { ...body } : {};
    super(`${response.status} ${members["code"] ?? ""}`);
    this.status = response.status;
    this.code = String(members["code"] ?? "");
    this.body = members;
    this.fields = response.headers.get("x-error-codes") ?? "";
    this.retryAfter = Number(members["retry_after"] ?? 1);
  }
}

/** What a call of `api` gets. An error response is thrown. */
export async function got<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new AuthError(response, error);
  return data as T;
}

const TRIES = 4;
const PATIENCE = 10_000; // milliseconds for each try
const MARGIN = 10_000; // milliseconds by which a token is renewed before its end

function these(...paths: (keyof paths)[]): ReadonlySet<string> {
  return new Set(paths);
}

/** They want the access token. */
const OF_USER = these("/me", "/sessions", "/sessions/{id}", "/password", "/email", "/account/delete");
/** They use up a code or a password. All others can be repeated after a lost response. */
const ONCE = these("/password", "/password/reset", "/email", "/email/confirm", "/account/delete");
/** They respond with tokens. */
const BEGIN = these("/register", "/login", "/refresh", "/password");
/** They end the session. */
const END = these("/logout", "/password/reset", "/account/delete");

interface Tokens {
  token: string;
  expires_in: number;
  refresh_token?: string;
  device_token?: string;
}

export class Auth {
  /** The service, with the session of the user: `got(auth.api.GET("/sessions"))`. */
  readonly api: Client<paths>;
  readonly #vault: Vault | undefined;
  readonly #onSignedOut: () => void;
  readonly #fetch: (request: Request, init?: RequestInit) => Promise<Response>;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  #access: { token: string; renewAt: number } | null = null;
  #renewal: Promise<string> | null = null;

  /** `url` is that of the service. */
  constructor(url: string, options: Options = {}) {
    this.#vault = options.vault;
    this.#onSignedOut = options.onSignedOut ?? (() => {});
    this.#fetch = options.fetch ?? ((request, init) => fetch(request, init));
    this.#now = options.now ?? Date.now;
    this.#sleep = options.sleep ?? ((milliseconds) => new Promise((done) => setTimeout(done, milliseconds)));
    this.api = createClient<paths>({ baseUrl: url, credentials: this.#vault ? "omit" : "include" });
    this.api.use({ onRequest: ({ schemaPath, request }) => this.#ask(schemaPath, request) });
  }

  /** `false`: nobody is logged in before the email is confirmed, by the code of a mail. */
  async register(username: string, password: string, email = ""): Promise<boolean> {
    const header = { "Idempotency-Key": crypto.randomUUID() }; // one for all tries: none of them finds the name taken by another
    const body = { username, password, email, session: this.#transport() };
    const tokens = await got(this.api.POST("/register", { params: { header }, body }));
    return !("pending" in tokens);
  }

  /** `name` is a username or an email. */
  async login(name: string, password: string): Promise<void> {
    const device_token = (await this.#vault?.get("device_token")) ?? null;
    const body = { ...named(name), password, device_token, session: this.#transport() };
    await got(this.api.POST("/login", { body }));
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

  /** Calls an API that takes the access token: yours. */
  fetch(url: string, init: RequestInit = {}): Promise<Response> {
    return this.#asUser(new Request(url, init), 1);
  }

  /** Ends this session, or every session of the account. If it fails, the user is still logged in. */
  async logout(all = false): Promise<void> {
    const refresh_token = (await this.#vault?.get("refresh_token")) ?? null;
    await got(this.api.POST("/logout", { body: { refresh_token, all } }));
  }

  /** A request to a path of the service. */
  async #ask(path: string, request: Request): Promise<Response> {
    const most = ONCE.has(path) ? 1 : TRIES;
    const response = await (OF_USER.has(path) ? this.#asUser(request, most) : this.#try(request, most));
    if (response.ok && BEGIN.has(path)) await this.#keep(await response.clone().json());
    if (response.ok && END.has(path)) await this.#forget();
    return response;
  }

  /** Asks as the user who is logged in, and once more with another token if that one has ended. */
  async #asUser(request: Request, most: number): Promise<Response> {
    const ask = (token: string) => {
      const own = request.clone();
      own.headers.set("authorization", `Bearer ${token}`);
      return this.#try(own, most);
    };
    const token = await this.#token();
    const response = await ask(token);
    return (await isRefused(response)) ? ask(await this.#token(token)) : response;
  }

  async #try(request: Request, most: number): Promise<Response> {
    for (let tries = 1; ; tries++) {
      try {
        const response = await this.#fetch(request.clone(), { signal: AbortSignal.timeout(PATIENCE) });
        if (response.status !== 503 || tries === most) return response;
      } catch (error) {
        if (tries === most) throw error;
      }
      await this.#sleep(1000 * 2 ** tries * (0.5 + Math.random() / 2));
    }
  }

  /** An access token that is not due, nor the one that was refused. Callers at the same time share one renewal. */
  async #token(refused?: string): Promise<string> {
    const access = this.#access;
    if (access && access.token !== refused && this.#now() < access.renewAt) return access.token;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #renew(): Promise<string> {
    const refresh_token = (await this.#vault?.get("refresh_token")) ?? null;
    try {
      return (await got(this.api.POST("/refresh", { body: { refresh_token } }))).token;
    } catch (error) {
      if (isEnd(error)) await this.#forget();
      throw error;
    }
  }

  async #keep(tokens: Tokens | { pending: string }): Promise<void> {
    if ("pending" in tokens) return;
    if (tokens.refresh_token) await this.#vault?.set("refresh_token", tokens.refresh_token);
    if (tokens.device_token) await this.#vault?.set("device_token", tokens.device_token);
    this.#access = { token: tokens.token, renewAt: this.#now() + tokens.expires_in * 1000 - MARGIN };
  }

  async #forget(): Promise<void> {
    this.#access = null;
    await this.#vault?.set("refresh_token", null);
    this.#onSignedOut();
  }

  #transport(): "token" | "cookie" {
    return this.#vault ? "token" : "cookie";
  }
}

/** A name with an `@` is an email. */
export function named(name: string): { username: string } | { email: string } {
  return name.includes("@") ? { email: name } : { username: name };
}

/** 401: the session has ended. 400: there is no refresh token. */
function isEnd(error: unknown): boolean {
  return error instanceof AuthError && ["invalid_session", "token_missing"].includes(error.code);
}

/** The access token is refused. A password can be, too, with a token that is good. */
async function isRefused(response: Response): Promise<boolean> {
  if (response.status !== 401 && response.status !== 403) return false;
  const body = await response.clone().json().catch(() => null);
  return body?.code !== "invalid_credentials";
}
