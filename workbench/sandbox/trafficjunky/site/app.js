// The app behind the shell. The shell itself is the same for everybody; who is signed in, if anyone, is found out late.
import { showLibrary } from "./library.js";
import { ask, element, settings } from "./page.js";

const content = document.getElementById("content");

function showFrame(session) {
  document.getElementById("accountBox").replaceChildren(
    element("span", { class: "accountName" }, session.account),
    element("span", { class: "accountBalance" }, session.balance),
    element("a", { href: "/sign-out", class: "accountName" }, settings.texts.sign_out),
  );
  document.getElementById("sidebar").replaceChildren(
    element("a", { href: "/campaigns" }, settings.texts.campaigns),
    element("a", { href: "/media-library" }, settings.texts.library),
  );
  content.replaceChildren();
  if (session.alert) content.append(element("div", { class: "alert alert-warning", role: "alert" }, session.alert));
}

async function start() {
  let session;
  try {
    session = await ask("/api/session");
  } catch {
    return; // the shell stays as it is
  }
  showFrame(session);
  if (location.pathname.startsWith("/media-library")) await showLibrary(content);
  else content.append(element("h2", {}, settings.texts.campaigns));
}

start();
