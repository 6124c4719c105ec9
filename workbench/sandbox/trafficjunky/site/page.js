// What all scripts of the app use: settings, elements, and the asking of the server.

export const settings = JSON.parse(document.getElementById("settings").textContent);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

let isLeaving = false;

function leave() {
  if (isLeaving) return;
  isLeaving = true;
  setTimeout(() => location.replace("/sign-in"), settings.redirect_seconds * 1000);
}

// A person solves it, here in the page; then everything starts again.
function challenge(id) {
  if (document.getElementById("challengeOverlay")) return;
  const frame = element("iframe", { class: "recaptcha", title: "reCAPTCHA", src: `/recaptcha/anchor?c=${id}` });
  const title = element("h1", {}, settings.texts.human);
  document.body.append(element("div", { id: "challengeOverlay", role: "dialog" }, title, frame));
  const watch = async () => {
    const { solved } = await (await fetch(`/recaptcha/status?c=${id}`)).json();
    if (solved) location.reload();
    else setTimeout(watch, 200);
  };
  watch();
}

// What every answer may say instead of what was asked for.
export function noticed(status, answer) {
  if (status === 401 && !(answer && answer.stay)) leave();
  if (status === 403 && answer && answer.challenge) challenge(answer.challenge);
}

export async function ask(path) {
  const response = await fetch(path, { headers: { "X-Requested-With": "XMLHttpRequest" } });
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // A failing server answers with a page.
  }
  noticed(response.status, answer);
  if (!response.ok || answer === null) throw new Error(`${path}: ${response.status}`);
  return answer;
}
