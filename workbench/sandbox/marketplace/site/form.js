// The form, in one, two or three pages. Values live in `state`; a page that is not shown is not in the document.
import { Refused, button, call, challenge, config, dialog, el, grey, isGrey, notice, say } from "/static/dom.js";
import { checkboxes, combobox, textField, toggle } from "/static/fields.js";
import { mount } from "/static/selling.js";
import { location as locationPart, photos as photosPart } from "/static/parts.js";

const known = config.listing;
const state = {
  title: "", price: null, category: "", condition: "", description: "", location: "", sku: "", brand: "", color: "",
  material: "", tags: "", availability: "List as Single Item", hide_from_friends: false, groups: [], meetups: [],
  ...known.content,
  photos: known.photos.map((id) => ({ id, address: "data:," })),
  busy: 0,
};
const isLive = known.id && known.state !== "draft";
const money = (price) => (price === null ? "" : `$${price.toLocaleString("en-US")}`);
let page = 0;
let touched = false;

function changed() {
  refresh();
}

function set(name, value) {
  state[name] = value;
  touched = true;
  changed();
}

const text = (label, name, more = {}) =>
  textField(label, state[name], { onchange: (control) => set(name, control.value), ...more });

const parts = {};

function itemParts() {
  parts.photos = photosPart(state, changed);
  parts.title = text("Title", "title", {
    maxlength: config.title_length,
    onchange: (control) => {
      set("title", control.value);
      suggest();
    },
    onblur: () => parts.title.complain(state.title.trim() ? "" : say("Please enter a title.")),
  });
  parts.price = textField("Price", money(state.price), {
    onchange: (control) => {
      const digits = control.value.replace(/\D/g, "").slice(0, 9);
      control.value = digits ? money(Number(digits)) : "";
      set("price", digits ? Number(digits) : null);
      parts.price.complain("");
    },
  });
  parts.category = combobox("Category", config.categories, state.category, (name) => {
    set("category", name);
    details();
  });
  parts.condition = combobox("Condition", config.conditions, state.condition, (name) => set("condition", name));
  parts.description = text("Description", "description", { tag: "textarea" });
  parts.location = locationPart(state, changed);
}

const pills = el("div", { class: "pills" });

function suggest() {
  if (!config.pills) return;
  const words = state.title.toLowerCase();
  const found = Object.entries(config.suggested).flatMap(([word, names]) => (words.includes(word) ? names : []));
  const pill = (name) => button(name, () => parts.category.choose(name));
  pills.replaceChildren(...[...new Set(found)].map(pill));
}

const later = el("div", {});
const disclosure = button("More details", () => {
  const isOpen = disclosure.getAttribute("aria-expanded") === "false";
  disclosure.setAttribute("aria-expanded", `${isOpen}`);
  details();
}, { "aria-expanded": "false" });

// Which details are asked for depends on the category.
function details() {
  const isClothing = config.categories["Clothing & Accessories"].includes(state.category);
  if (disclosure.getAttribute("aria-expanded") === "false") {
    later.replaceChildren();
    return;
  }
  const hasSku = config.sku === "yes" || (config.sku === "clothing" && isClothing);
  if (isClothing && !state.color && state.photos.length) state.color = "Black"; // read off the photos, says the site
  const both = ["List as Single Item", "List as In Stock"];
  later.replaceChildren(
    combobox("Availability", both, state.availability, (name) => set("availability", name)).root,
    ...(state.category === "Sports & Outdoors" ? [text("Brand", "brand").root] : []),
    ...(isClothing ? [text("Color", "color").root, text("Material", "material").root] : []),
    ...(hasSku ? [text("SKU", "sku").root] : []),
    text("Product tags", "tags").root,
    ...(config.description_later ? [parts.description.root] : []),
  );
}

function picked(name, list) {
  return (each, isOn) => set(name, isOn ? [...list(), each] : list().filter((other) => other !== each));
}

const sections = {
  item: () => [
    parts.photos.root, el("h2", {}, "Required"), parts.title.root, parts.price.root, parts.category.root, pills,
    parts.condition.root, ...(config.description_later ? [] : [parts.description.root]), disclosure, later,
  ],
  delivery: () => [
    el("h2", {}, say("Delivery method")), el("span", {}, say("Local pickup only")), parts.location.root,
    ...checkboxes(config.meetups, state.meetups, picked("meetups", () => state.meetups)),
  ],
  hide: () => [toggle("Hide from friends", state.hide_from_friends, (isOn) => set("hide_from_friends", isOn))],
  groups: () => [
    el("h2", {}, say("List in more places")),
    ...checkboxes(config.groups, state.groups, picked("groups", () => state.groups)),
  ],
};
const ORDER = {
  1: [["item", "delivery", "hide", "groups"]],
  2: [["item", "delivery", "hide"], ["groups"]],
  3: [["item", "hide"], ["delivery"], ["groups"]],
}[config.pages];
const FIELDS = { item: ["photos", "title", "price", "category", "condition", "description"], delivery: ["location"] };

const filled = {
  item: () => state.photos.length && state.title.trim() && state.price !== null && state.category && state.condition,
  delivery: () => state.location,
  hide: () => true,
  groups: () => true,
};
const isLast = () => page === ORDER.length - 1;

const said = el("div", { role: "alert", hidden: true });
const next = button("Next", () => go(next, () => forward()));
const submit = button(isLive ? "Update" : "Publish", () => {
  if (isGrey(submit) && !isLive) navigator.sendBeacon("/ajax/bz/", "");
  go(submit, send);
});
const previous = button("Previous", () => show(page - 1));
const save = button("Save draft", () => keep());
const body = el("div", {});
const limit = el("div", { role: "alert" }, config.daily_limit);

function refresh() {
  const ready = ORDER[page].every((name) => filled[name]()) && !state.busy && !document.getElementById("captcha");
  grey(next, !ready);
  grey(submit, !ready || config.daily_limit);
}

function show(number) {
  page = number;
  const last = isLast();
  body.replaceChildren(
    ...built[page],
    ...(last && config.daily_limit ? [limit] : []),
    said,
    ...(page ? [previous] : []),
    last ? submit : next,
    ...(isLive ? [] : [save]),
  );
  refresh();
}

async function go(node, act) {
  if (isGrey(node)) return;
  said.hidden = true;
  grey(node, true);
  try {
    await act();
  } catch (error) {
    complain(error);
  }
  refresh();
}

function complain(error) {
  const refusal = error instanceof Refused ? error.error : {};
  if (refusal.field) {
    show(Math.max(0, ORDER.findIndex((names) => names.some((name) => FIELDS[name]?.includes(refusal.field)))));
    parts[refusal.field]?.complain(refusal.text);
  } else if (refusal.code === "blocked") {
    notice(refusal.heading, refusal.text);
  } else if (refusal.code === "query_error") {
    notice("Error", refusal.text);
  } else {
    said.textContent = refusal.text ?? say("Something went wrong. Please try again.");
    said.hidden = false;
  }
}

async function forward() {
  await call("MarketplaceComposerStepMutation", { step: page });
  show(page + 1);
}

const variables = () => {
  const { photos, busy, ...content } = state;
  return { ...content, photo_ids: photos.map(({ id }) => id), listing_id: known.id };
};

// The site is one application: it draws the next page itself, unless the account's version loads it.
async function onward(address) {
  const answer = config.loads ? null : await fetch(address).catch(() => null);
  if (answer?.ok && !answer.redirected && address.endsWith("/selling")) {
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    history.pushState({}, "", address);
    document.title = drawn.title;
    document.body.replaceChildren(...drawn.body.children);
    const main = document.getElementById("selling");
    if (main) mount(main, JSON.parse(document.getElementById("config").textContent));
  } else {
    window.location.assign(address);
    await new Promise(() => {}); // greyed until the next page is there
  }
}

async function send() {
  const name = isLive ? "MarketplaceEditListingMutation" : "MarketplaceCreateListingMutation";
  const data = await call(name, variables());
  await onward((data.marketplace_listing_create ?? data.marketplace_listing_edit).onward);
}

const keep = () =>
  go(save, async () => {
    const data = await call("MarketplaceSaveDraftMutation", variables());
    await onward(data.marketplace_draft_save.onward);
  });

function leave() {
  if (!touched) {
    window.location.assign("/marketplace/");
    return;
  }
  const box = dialog(
    say("Leave page?"),
    el("p", {}, say("You have unsaved changes. Save them as a draft or leave without saving.")),
  );
  box.append(
    button("Save draft", keep),
    button("Leave page", () => window.location.assign("/marketplace/")),
    button("Cancel", () => box.remove()),
  );
}

itemParts();
details();
suggest();
const built = ORDER.map((names) => names.flatMap((name) => sections[name]()));
document.getElementById("form").replaceWith(
  el(
    "div",
    { role: "main", "aria-label": config.heading },
    button("Close", leave),
    el("h1", {}, config.heading),
    body,
  ),
);
show(0);
if (config.challenge) {
  challenge();
  refresh();
}
if (config.badge) {
  const frame = el("iframe", { title: "reCAPTCHA", width: "256", height: "60", src: "/recaptcha/api2/anchor" });
  document.body.append(el("div", { class: "grecaptcha-badge", style: "visibility:hidden;position:fixed" }, frame));
}
