// The sign-in and its second step: the button wakes up when a person has solved the challenge.
"use strict";

const form = document.querySelector("form");
const button = document.getElementById("submitBtn");
const challenge = form.elements["g-recaptcha-response"].value;
const fields = [...form.querySelectorAll("input:not([type=hidden]):not([type=submit])")];

// What the stand-in of a person types (POST /sandbox/solve) where nobody has typed anything.
const TYPED = { password: "typed-by-the-stand-in", code: "123456" };

const banner = document.getElementById("cookieBanner");
if (banner && !document.cookie.includes("cookies_accepted=1")) {
  banner.hidden = false;
  document.getElementById("acceptCookies").addEventListener("click", () => {
    document.cookie = "cookies_accepted=1; path=/; max-age=31536000; samesite=lax";
    banner.hidden = true;
  });
}

function complete(account) {
  if (fields.some((field) => field.value)) return;
  for (const field of fields) field.value = field.name === "username" ? account : TYPED[field.name];
  form.submit();
}

async function watch() {
  const typed = form.elements.username ? form.elements.username.value : "";
  const query = new URLSearchParams({ c: challenge, typed });
  try {
    const { solved, account } = await (await fetch(`/recaptcha/status?${query}`)).json();
    if (solved) {
      button.disabled = false;
      if (account) complete(account);
      return;
    }
  } catch {
    // The site may be restarting; the person is still there.
  }
  setTimeout(watch, 200);
}

watch();
