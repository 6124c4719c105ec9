// What all scripts of the site share: building nodes, the texts, calls, dialogs.
export const config = JSON.parse(document.getElementById("config").textContent);

export function say(text) {
  const said = config.texts[text] ?? text;
  return config.is_curly ? said.replaceAll("'", "’") : said;
}

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function clickable(node, act) {
  node.addEventListener("click", act);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act(event);
    }
  });
  return node;
}

export function button(label, act, attributes = {}) {
  const named = { role: "button", tabindex: "0", "aria-label": say(label), ...attributes };
  return clickable(el("div", named, el("span", {}, say(label))), act);
}

export function grey(node, isGrey) {
  if (isGrey) node.setAttribute("aria-disabled", "true");
  else node.removeAttribute("aria-disabled");
}

export const isGrey = (node) => node.getAttribute("aria-disabled") === "true";

export function dialog(heading, ...children) {
  const box = el("div", { role: "dialog", "aria-modal": "true", "aria-label": heading }, el("h2", {}, heading));
  box.append(...children);
  document.body.append(box);
  return box;
}

export function notice(heading, text) {
  const box = dialog(heading, el("p", {}, text));
  box.append(button("OK", () => box.remove()));
}

export function challenge() {
  if (document.getElementById("captcha")) return;
  const frame = el("iframe", { title: "reCAPTCHA", width: "304", height: "78", src: "/recaptcha/api2/anchor" });
  const person = el("form", { method: "post", action: "/person/" }, el("button", {}, "I am a person"));
  dialog(
    say("Security Check"),
    el("p", {}, say("Please confirm you're human to continue.")),
    el("div", { id: "captcha" }, frame),
    el("p", {}, "(Practice site: a person goes on here.)"),
    person,
  );
}

// The site said no; what it said is in `error`.
export class Refused extends Error {
  constructor(error) {
    super(error.text ?? error.code);
    this.error = error;
  }
}

export async function call(name, variables) {
  const answer = await fetch("/api/graphql/", {
    method: "POST",
    headers: { "x-fb-friendly-name": name },
    body: new URLSearchParams({
      fb_api_req_friendly_name: name,
      client_mutation_id: crypto.randomUUID(),
      variables: JSON.stringify(variables),
    }),
  });
  return read(answer);
}

export async function read(answer) {
  if (!answer.ok) throw new Error(`${answer.status}`);
  const said = await answer.json();
  const error = said.errors?.[0];
  if (!error) return said.data;
  if (error.onward) {
    location.assign(error.onward);
    return new Promise(() => {}); // the page is going away
  }
  if (error.challenge) challenge();
  throw new Refused(error);
}
