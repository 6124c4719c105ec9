// The media library: tabs, the radios of Native, cards by the dozen.
import { ask, element, settings } from "./page.js";
import { UploadPanel } from "./panel.js";

const TABS = [
  ["static", "static_tab", "#static_banner"],
  ["video", "video_tab", "#video_banner"],
  ["in_stream", "in_stream_video_tab", "#in_stream_video"],
  ["native", "native_tab", "#native"],
];
// The same page after a release that moved the ids.
const MOVED = { static_tab: "tab_1", video_tab: "tab_2", in_stream_video_tab: "instream_tab", native_tab: "tab_4" };
const MOVED_TARGETS = { "#native": "#tab_native" };
const NATIVE = [["static", "0"], ["rollover", "1"]];

const PER_PAGE = 12;

class Library {
  constructor(root) {
    this.texts = settings.texts;
    this.isMoved = settings.control_renamed !== "no";
    this.isForeign = settings.control_renamed === "all";
    this.tab = (TABS.find(([, , target]) => target === location.hash) || TABS[0])[0];
    this.native = "0";
    this.page = 1;
    this.asked = 0;
    this.build(root);
  }

  build(root) {
    this.tabs = element("ul", { class: "nav nav-tabs", role: "tablist" });
    this.radios = element("div", { class: "nativeTypes" });
    this.bar = element("div", { class: "toolBar" }, this.uploadButton());
    this.panelPlace = element("div");
    this.notice = element("div");
    this.processing = element("div", { class: "dataTables_processing" }, this.texts.processing);
    this.cards = element("div", { id: "creatives", class: "dataTable" });
    this.info = element("div", { class: "dataTables_info" });
    this.pagination = element("ul", { class: "pagination" });
    root.append(this.tabs, this.radios, this.bar, this.panelPlace, this.notice, this.processing, this.cards,
      this.info, this.pagination);
    this.showTabs();
    this.showRadios();
  }

  uploadButton() {
    const known = { id: "newImage", class: "greenButton", "data-gtm-index": "uploadCreativesMediaLibrary" };
    const moved = { id: "newCreative", class: "greenButton", "data-gtm-index": "uploadCreativesMediaLibrary" };
    const foreign = { id: "addMedia", class: "primaryButton" };
    const attributes = this.isForeign ? foreign : this.isMoved ? moved : known;
    const button = element("button", { type: "button", ...attributes }, this.texts.upload);
    button.addEventListener("click", () => this.openPanel());
    return button;
  }

  showTabs() {
    this.tabs.replaceChildren(...TABS.map(([name, id, target]) => {
      const link = element("a", {
        id: this.isMoved ? MOVED[id] : id,
        href: this.isMoved ? MOVED_TARGETS[target] || target : target,
        role: "tab",
        "aria-selected": String(name === this.tab),
      }, this.texts[`tab_${name}`]);
      link.addEventListener("click", () => this.choose(name, this.native));
      return element("li", name === this.tab ? { class: "active" } : {}, link);
    }));
  }

  showRadios() {
    this.radios.hidden = this.tab !== "native";
    this.radios.replaceChildren(...NATIVE.flatMap(([name, value]) => {
      const id = `${this.isForeign ? "feed" : "native"}_${name}`;
      const radio = element("input", { type: "radio", name: "native_type", id, value });
      radio.checked = value === this.native;
      radio.addEventListener("change", () => this.choose("native", value));
      return [radio, element("label", { for: id }, this.texts[`native_${name}`])];
    }));
  }

  get slot() {
    return this.tab === "native" ? `native_${NATIVE[Number(this.native)][0]}` : this.tab;
  }

  choose(tab, native) {
    this.tab = tab;
    this.native = native;
    this.closePanel();
    this.showTabs();
    this.showRadios();
    return this.load(1);
  }

  async load(page) {
    const asked = ++this.asked;
    this.processing.hidden = false;
    this.notice.replaceChildren();
    try {
      const query = new URLSearchParams({ type: this.tab, native_type: this.native, page });
      const answer = await ask(`/media-library/creatives?${query}`);
      if (asked !== this.asked) return;
      this.page = page;
      this.show(answer);
    } catch {
      // As DataTables does: the old rows stay.
      if (asked === this.asked) {
        this.notice.replaceChildren(element("div", { class: "alert alert-danger", role: "alert" }, this.texts.failed));
      }
    }
    if (asked === this.asked) this.processing.hidden = true;
  }

  show(answer) {
    this.cards.replaceChildren(...answer.creatives.map((creative) => this.card(creative)));
    if (!answer.creatives.length) this.cards.append(element("div", { class: "dataTables_empty" }, this.texts.empty));
    this.info.textContent = answer.total === undefined ? "" : this.total(answer);
    this.pagination.replaceChildren(
      this.step("prev", this.texts.previous, this.page > 1, -1),
      element("li", { class: "active" }, element("a", { href: "#", "aria-current": "page" }, String(this.page))),
      this.step("next", this.texts.next, answer.has_next, 1),
    );
  }

  total(answer) {
    const before = (this.page - 1) * PER_PAGE;
    const figures = { first: before + 1, last: before + answer.creatives.length, total: answer.total };
    return this.texts.total.replace(/{(\w+)}/g, (_, name) => figures[name].toLocaleString());
  }

  step(name, text, isOpen, by) {
    const link = element("a", { href: "#" }, text);
    if (!isOpen) link.setAttribute("aria-disabled", "true");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (isOpen) this.load(this.page + by);
    });
    return element("li", { class: isOpen ? name : `${name} disabled` }, link);
  }

  card(creative) {
    const card = element("div", {
      class: "creativeContainer", "data-id": creative.id, "data-review-status": creative.review,
    });
    card.append(
      element("div", { class: "thumb" }),
      element("label", { class: "creativeName", title: creative.name }, creative.name),
      element("span", { class: "bannerId" }, creative.id),
    );
    if (creative.dimensions) card.append(element("span", { class: "dimensions" }, creative.dimensions));
    if (creative.file_type) card.append(element("span", { class: "fileType" }, creative.file_type));
    card.append(element("span", { class: "reviewStatus", "data-review-status": creative.review },
      this.texts[creative.review]));
    return card;
  }

  openPanel() {
    if (this.panel) return;
    this.panel = new UploadPanel(this.texts, { type: this.tab, native_type: this.native, slot: this.slot }, {
      closed: () => this.closePanel(),
      finished: () => this.load(1),
    });
    this.panelPlace.replaceChildren(this.panel.root);
  }

  closePanel() {
    if (!this.panel) return;
    this.panel.remove();
    this.panel = null;
  }
}

export async function showLibrary(root) {
  await new Library(root).load(1);
}
