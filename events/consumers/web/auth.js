/** For how long a response is awaited, in milliseconds. */
const PATIENCE = 10_000;

/** How long before its end an access token is renewed, in milliseconds. */
const MARGIN = 10_000;

/** An error response. A request without a response fails with what `fetch` throws. */
export class AuthError extends Error {
  constructor(response, body) {
    super(`${response.status} ${body.code ?? ""}`);
    this.status = response.status;
    this.code = body.code ?? ""; // "invalid_credentials", or "" where fields have errors
    this.retryAfter = body.retry_after ?? 1; // seconds
    this.fields = fieldErrors(response, body); // [{ field: "password", code: "password_too_common", message: "This …" }]
  }
}

/**
 * The session of the user of a page. Its refresh token is a cookie, which no script sees; its access token is in memory alone.
 */
export class Auth {
  #url;
  #onSignedOut;
  #access = null;
  #renewal = null;
  #key = null;

  /** `url` is that of the service. `onSignedOut` is called when there is no session, or no more. */
  constructor(url, onSignedOut = () => {}) {
    this.#url = url;
    this.#onSignedOut = onSignedOut;
  }

  /** `false`: nobody is signed in before the email is confirmed, by the code of a mail. */
  async register(username, password, email, session_label) {
    // One key until there is a response: the account of a first try that seemed lost is found, not a name that is taken.
    this.#key ??= crypto.randomUUID();
    const body = { username, password, email, session: "cookie", session_label };
    const tokens = await this.#post("/register", body, { "idempotency-key": this.#key }).catch((error) => {
      if (error instanceof AuthError && error.status < 500) this.#key = null;
      throw error;
    });
    this.#key = null;
    if (tokens.pending) return false;
    this.#keep(tokens);
    return true;
  }

  /** `name` is a username or an email, here and below. */
  async login(name, password, session_label) {
    this.#keep(await this.#post("/login", { ...named(name), password, session: "cookie", session_label }));
  }

  /** After a reload: `false` if nobody is signed in. */
  async resume() {
    try {
      await this.#token();
      return true;
    } catch (error) {
      if (isEnd(error)) return false;
      throw error;
    }
  }

  /** Calls an API that takes the access token: yours. */
  async fetch(url, init = {}) {
    const call = (token) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${token}`);
      return fetch(url, { ...init, headers });
    };
    const token = await this.#token();
    const response = await call(token);
    return response.status === 401 || response.status === 403 ? call(await this.#token(token)) : response;
  }

  /** Ends this session, or every session of the account. If it fails, the user is still signed in. */
  async logout(all = false) {
    await this.#post("/logout", { all });
    this.#forget();
  }

  me() {
    return this.#ask("GET", "/me");
  }

  async sessions() {
    return (await this.#ask("GET", "/sessions")).sessions;
  }

  endSession(id) {
    return this.#ask("DELETE", `/sessions/${id}`);
  }

  /** Sends a code to the address of an account, if there is such an account. */
  forgotPassword(name) {
    return this.#post("/password/forgot", named(name));
  }

  /** Ends all sessions of the account: sign in with the new password. */
  async resetPassword(name, code, new_password) {
    await this.#post("/password/reset", { ...named(name), code, new_password });
    this.#forget();
  }

  /** Ends all other sessions of the account. */
  async changePassword(current_password, new_password) {
    this.#keep(await this.#ask("POST", "/password", { current_password, new_password }));
  }

  /** Sends a code to the address, which is the account's once the code is confirmed. */
  changeEmail(email, current_password) {
    return this.#ask("POST", "/email", { email, current_password });
  }

  confirmEmail(email, code) {
    return this.#post("/email/confirm", { email, code });
  }

  async deleteAccount(current_password) {
    await this.#ask("POST", "/account/delete", { current_password });
    this.#forget();
  }

  /** An access token that is not due, nor the one that was refused. Callers at the same time share one renewal. */
  async #token(refused) {
    const access = this.#access;
    if (access && access.token !== refused && Date.now() < access.renewAt) return access.token;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  /** Without a response it is repeated, once: the cookie may have been exchanged, and the repetition gets what was lost. */
  async #renew() {
    const ask = () => this.#post("/refresh", {});
    const isLost = (error) => !(error instanceof AuthError) || error.status === 503;
    try {
      return this.#keep(await ask().catch((error) => (isLost(error) ? ask() : Promise.reject(error))));
    } catch (error) {
      if (isEnd(error)) this.#forget();
      throw error;
    }
  }

  #keep({ token, expires_in }) {
    this.#access = { token, renewAt: Date.now() + expires_in * 1000 - MARGIN };
    return token;
  }

  #forget() {
    this.#access = null;
    this.#onSignedOut();
  }

  /** Asks as the user who is signed in, and once more with another token if this one has ended. */
  async #ask(method, path, body) {
    const ask = (token) => this.#send(method, path, body, { authorization: `Bearer ${token}` });
    const token = await this.#token();
    try {
      return await ask(token);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return ask(await this.#token(token));
    }
  }

  #post(path, body, headers) {
    return this.#send("POST", path, body, headers);
  }

  async #send(method, path, body, headers) {
    const response = await fetch(this.#url + path, {
      method,
      headers: body ? { ...headers, "content-type": "application/json" } : headers,
      body: body && JSON.stringify(body),
      credentials: "include",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const json = await response.json().catch(() => ({})); // 204 has none, nor has a proxy's error
    if (!response.ok) throw new AuthError(response, json);
    return json;
  }
}

/** A name with an `@` is an email. */
function named(name) {
  return name.includes("@") ? { email: name } : { username: name };
}

/** The codes of the header with the messages of the body: both are in the same order. */
function fieldErrors(response, body) {
  const messages = structuredClone(body);
  const codes = response.headers.get("x-error-codes")?.split(", ") ?? [];
  return codes.map((pair) => {
    const [field, code] = pair.split("=");
    return { field, code, message: messages[field].shift() };
  });
}

/** There is no session, or no more. */
function isEnd(error) {
  return error instanceof AuthError && ["invalid_session", "token_missing"].includes(error.code);
}

/** The access token has ended. An authorizer of API Gateway says so without a code. */
function isRefused(error) {
  if (!(error instanceof AuthError)) return false;
  return error.code === "invalid_token" || (error.code === "" && [401, 403].includes(error.status));
}
