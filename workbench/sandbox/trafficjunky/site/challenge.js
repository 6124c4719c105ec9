// Inside the frame: a picture with a word that a person types.
"use strict";

const form = document.getElementById("challengeForm");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const word = document.getElementById("challengeWord").value;
  const body = new URLSearchParams({ challenge: form.dataset.challenge, word });
  const answer = await (await fetch("/recaptcha/answer", { method: "POST", body })).json();
  document.getElementById("challengeDone").hidden = !answer.solved;
});
