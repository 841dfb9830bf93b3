import { Auth, AuthError } from "./auth.js";

const SERVICE = document.querySelector("meta[name=service]").content;

const auth = new Auth(SERVICE, () => show("login"));

/** What the button of each form does. It returns what there is to say. */
const actions = {
  async login({ who, password }) {
    try {
      await auth.login(who, password, device());
    } catch (error) {
      if (error.code !== "email_not_verified") throw error;
      show("forgot");
      document.forms.forgot.who.value = who;
      return "Your email is still to be confirmed. Look into your mailbox, or ask for a new password, which confirms it too.";
    }
    await enter();
  },
  async signup({ username, password, email }) {
    if (await auth.register(username, password, email, device())) return enter();
    return "Look into your mailbox. The link in our mail confirms your email.";
  },
  async forgot({ who }) {
    await auth.forgotPassword(who);
    return "If there is such an account, and it has an email, we have sent a code.";
  },
  async reset({ who, code, new_password }) {
    await auth.resetPassword(who, code, new_password);
    return "Sign in with your new password.";
  },
  async confirm({ email, code }) {
    await auth.confirmEmail(email, code);
    await enter();
    return "Your email is confirmed.";
  },
  async logout() {
    await auth.logout();
    return "You are signed out.";
  },
  async everywhere() {
    await auth.logout(true);
    return "You are signed out on all devices.";
  },
  async password({ current_password, new_password }) {
    await auth.changePassword(current_password, new_password);
    await enter();
    return "Your password has changed. All other devices are signed out.";
  },
  async email({ email, current_password }) {
    await auth.changeEmail(email, current_password);
    return "Look into your mailbox. The link in our mail confirms your new email.";
  },
  async delete({ current_password }) {
    await auth.deleteAccount(current_password);
    return "Your account is deleted.";
  },
};

const texts = {
  invalid_credentials: "The name or the password is wrong.",
  invalid_session: "Sign in again.",
  mail_not_configured: "We cannot send mail.",
  token_missing: "Sign in again.",
  unavailable: "That did not work. Try again in a moment.",
};

/** What we say at a field, by its code. For any other code the service's own message is shown. */
const fieldTexts = {
  "code=invalid": "This code is wrong, or it has expired.",
  "email=unique": "There is an account with this email.",
  "username=unique": "This username is taken.",
};

/** Shows a page, and has its heading read out. Its address has no fragment: a code stays in neither the address bar nor the history. */
function show(page) {
  history.replaceState(null, "", `/${page}`);
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== page;
  for (const details of document.querySelectorAll("details")) details.open = false;
  const heading = document.querySelector(`#${page} h1`);
  document.title = `${heading.textContent} – Example`;
  heading.focus();
  say("");
}

/** Shows the account, or the login if nobody is signed in. */
async function enter() {
  if (!(await auth.resume())) return;
  const [me, sessions] = await Promise.all([auth.me(), auth.sessions()]);
  show("account");
  document.getElementById("username").textContent = me.username;
  document.getElementById("verified").textContent = me.email_verified ? "Your email is confirmed." : "";
  document.forms.password.who.defaultValue = me.username;
  document.getElementById("devices").replaceChildren(...sessions.map(listed));
}

/** A session in the list. */
function listed({ id, label, last_used_at, current }) {
  const entry = document.createElement("li");
  const text = document.createElement("div");
  const note = document.createElement("span");
  note.textContent = current ? "This device" : `Last used ${moment(last_used_at)}`;
  text.append(label, note);
  entry.append(text);
  if (current) return entry;
  const button = document.createElement("button");
  button.className = "quiet";
  button.textContent = "Sign out";
  button.setAttribute("aria-label", `Sign out ${label}`);
  button.addEventListener("click", async () => {
    try {
      await auth.endSession(id);
    } catch (error) {
      if (error.code !== "no_such_session") return say(meaning(error), "bad");
    }
    entry.remove();
    document.getElementById("devices-title").focus();
    say(`${label} is signed out.`);
  });
  entry.append(button);
  return entry;
}

/** A moment in seconds since 1970, for people. */
function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** What the user recognises this browser by in the list, such as "Firefox on Linux". */
function device() {
  const found = (names) => Object.entries(names).find(([mark]) => navigator.userAgent.includes(mark))?.[1] ?? "";
  const browser = found({ Edg: "Edge", OPR: "Opera", Firefox: "Firefox", Chrome: "Chrome", Safari: "Safari" });
  const system = found({ Android: "Android", iPhone: "iPhone", iPad: "iPad", Windows: "Windows", Mac: "Mac", Linux: "Linux" });
  return browser && system && `${browser} on ${system}`;
}

/** Opens the page of the address. The link of a mail fills its form and sends nothing: a code is posted by the button alone. */
async function open() {
  const page = location.pathname.slice(1);
  const link = new URLSearchParams(location.hash.slice(1));
  const form = document.forms[page];
  if (page in actions && form.closest("section").id === page) {
    show(page);
    if (!form.code) return;
    form.code.value = link.get("code") ?? "";
    (form.email ?? form.who).value = link.get("email") ?? "";
  } else {
    await enter().catch((error) => {
      show("login");
      say(meaning(error), "bad");
    });
  }
}

function say(text, tone = "") {
  const status = document.getElementById("status");
  status.className = tone;
  status.textContent = text;
}

/** What an error of a whole form means. */
function meaning(error) {
  if (!(error instanceof AuthError)) return "There is no connection. Try again.";
  if (error.status === 429) return `Too many attempts. Try again in ${error.retryAfter} seconds.`;
  return texts[error.code] ?? "That did not work. Try again later.";
}

/** Shows the errors of a response: those of fields at the fields, the first of which gets the focus. */
function explain(form, error) {
  const isOwner = error.code === "invalid_credentials" && form.current_password;
  const fields = isOwner ? [{ field: "current_password", message: "This password is wrong." }] : (error.fields ?? []);
  for (const { field, code, message } of fields) mark(form[field] ?? form.who, fieldTexts[`${field}=${code}`] ?? message);
  form.querySelector("[aria-invalid]")?.focus();
  say(fields.length > 0 ? "Look at the marked fields." : meaning(error), "bad");
}

/** Sets an error beside a field, for eyes and for screen readers. */
function mark(field, text) {
  const error = document.createElement("p");
  error.className = "error";
  error.id = `${field.id}-error`;
  error.textContent = text;
  document.getElementById(error.id)?.remove();
  field.closest(".field").append(error);
  field.setAttribute("aria-invalid", "true");
  describe(field, (ids) => [...ids, error.id]);
}

function forgetErrors(form) {
  for (const error of form.querySelectorAll(".error")) error.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    describe(field, (ids) => ids.filter((id) => id !== `${field.id}-error`));
  }
}

/** Changes the ids of what describes a field. Its hint stays among them. */
function describe(field, change) {
  const ids = change(field.getAttribute("aria-describedby")?.split(" ") ?? []);
  if (ids.length > 0) field.setAttribute("aria-describedby", [...new Set(ids)].join(" "));
  else field.removeAttribute("aria-describedby");
}

/** A button that shows what is typed. */
function reveal(field) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "show";
  button.textContent = "Show";
  button.setAttribute("aria-label", "Show the password");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const isShown = field.type === "password";
    field.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
  });
  field.classList.add("secret");
  field.after(button);
}

addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button:not([type])");
  // A button that is disabled would lose the focus.
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
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
  setTimeout(() => (button.ariaDisabled = "false"), wait * 1000);
});
addEventListener("hashchange", open);
for (const field of document.querySelectorAll("input[type=password]")) reveal(field);
open();
