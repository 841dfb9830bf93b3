import { Auth, AuthError } from "./auth.js";

const auth = new Auth("/auth", { onSignedOut: () => show("login") });

/** What the button of each form does. It returns what it has to say. */
const actions = {
  async signup({ username, password, email }) {
    if (await auth.register(username, password, email)) return enter();
    return "Look into your mailbox. The link in our mail confirms your address.";
  },
  async login({ who, password }) {
    try {
      await auth.login(who, password);
    } catch (error) {
      if (error.code !== "email_not_verified") throw error;
      show("forgot");
      document.forms.forgot.who.value = who;
      return "Your address is still to be confirmed. Look into your mailbox, or ask for a new password, which confirms it too.";
    }
    return enter();
  },
  async logout() {
    await auth.logout();
  },
  async forgot({ who }) {
    await auth.forgotPassword(who);
    return "If there is such an account, and it has an address, we have sent a mail.";
  },
  async reset({ who, code, new_password }) {
    await auth.resetPassword(who, code, new_password);
    return "Log in with your new password.";
  },
  async confirm({ email, code }) {
    await auth.confirmEmail(email, code);
    await enter();
    return "Your address is confirmed.";
  },
  async password({ current_password, new_password }) {
    await auth.changePassword(current_password, new_password);
    return "Your password has changed. You are logged out everywhere else.";
  },
  async email({ email, current_password }) {
    await auth.changeEmail(email, current_password);
    return "Look into your mailbox. The link in our mail confirms your new address.";
  },
  async delete({ current_password }) {
    await auth.deleteAccount(current_password);
    return "Your account is deleted.";
  },
};

const texts = {
  invalid_credentials: "The name or the password is wrong.",
  invalid_session: "Log in again.",
  token_missing: "Log in again.",
};

/** Shows a page. Its address has no fragment: a code stays in neither the address bar nor the history. */
function show(page) {
  history.replaceState(null, "", `/${page}`);
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== page;
  say("");
}

/** Shows the account, or the login if nobody is logged in. */
async function enter() {
  if (!(await auth.resume())) return;
  const { username } = await (await auth.fetch("/auth/me")).json();
  show("account");
  document.forms.password.who.defaultValue = username;
}

/** Opens a page. The link of a mail fills its form and sends nothing: a code is posted by the button alone. */
async function open() {
  const page = location.pathname.slice(1);
  const link = new URLSearchParams(location.hash.slice(1));
  show(page);
  const form = document.forms[page];
  if (form?.code) {
    form.code.value = link.get("code") ?? "";
    (form.email ?? form.who).value = link.get("email") ?? "";
  }
  if (page === "account") await enter().catch(() => say("The service is not there. Try again."));
}

function say(text) {
  document.getElementById("status").textContent = text;
}

/** Shows the errors of a response: those of fields beside the fields. */
function explain(form, error) {
  if (!(error instanceof AuthError)) return say("No connection. Try again.");
  if (error.status === 429) return say(`Too many attempts. Try again in ${error.retryAfter} seconds.`);
  const fields = Object.entries(error.body).filter(([, messages]) => Array.isArray(messages));
  for (const [name, messages] of fields) {
    const field = form.elements[name] ?? form.elements.who;
    const message = document.createElement("small");
    message.id = `${form.name}-${name}`;
    message.textContent = messages.join(" ");
    field.closest("label").after(" ", message);
    field.setAttribute("aria-describedby", message.id);
    field.setAttribute("aria-invalid", "true");
  }
  form.querySelector("[aria-invalid]")?.focus();
  say(fields.length > 0 ? "Look at the fields." : (texts[error.code] ?? "That did not work. Try later."));
}

function forgetErrors(form) {
  for (const message of form.querySelectorAll("small")) message.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-describedby");
    field.removeAttribute("aria-invalid");
  }
}

addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  let wait = 0; // seconds
  forgetErrors(form);
  say("");
  try {
    say((await actions[form.name](Object.fromEntries(new FormData(form)))) ?? "");
    form.reset();
  } catch (error) {
    explain(form, error);
    if (error.status === 429) wait = error.retryAfter;
  }
  setTimeout(() => (button.disabled = false), wait * 1000);
});
addEventListener("hashchange", open);
open();
