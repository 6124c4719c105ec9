// Your listings: cards, more of them when the end comes into view. Drawn by its own page, and by the form in place.
import { button, call, clickable, config, el, say } from "/static/dom.js";

function card(node, hasLinks) {
  const inside = [
    el("img", { alt: "", src: "data:,", width: "48", height: "48" }),
    el("div", {}, el("span", {}, node.title)),
    el("div", {}, el("span", {}, node.price)),
    el("div", {}, el("span", {}, `Listed ${node.age}`), " · ", el("span", {}, node.status)),
  ];
  const open = () => location.assign(node.path);
  if (node.is_draft) return el("div", { class: "card", role: "group" }, ...inside, button("Continue", open));
  if (hasLinks) return el("div", { role: "group" }, el("a", { class: "card", href: node.path }, ...inside));
  return clickable(el("div", { class: "card", role: "group", tabindex: "0" }, ...inside), open);
}

export function mount(main, { feed, has_links: hasLinks }) {
  const waiting = el("div", { role: "progressbar", "aria-label": "Loading..." }, "…");
  const seen = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    seen.unobserve(waiting);
    try {
      const cursor = Number(waiting.dataset.cursor);
      show((await call("MarketplaceYouSellingFeedQuery", { cursor })).feed);
    } catch {
      const again = button("Try again", () => location.reload());
      waiting.replaceWith(el("div", { role: "alert" }, say("Something went wrong"), " ", again));
    }
  });
  const show = ({ edges, page_info: info }) => {
    waiting.remove();
    main.append(...edges.map(({ node }) => card(node, hasLinks)));
    if (!info.has_next_page) return;
    waiting.dataset.cursor = info.end_cursor;
    main.append(waiting);
    seen.observe(waiting);
  };
  if (feed.edges.length) show(feed);
  else main.append(el("p", {}, "When you start selling, your listings will appear here."));
}

const page = document.getElementById("selling");
if (page) mount(page, config);
