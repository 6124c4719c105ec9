// The upload panel, with the ways of Dropzone 5: one request per file, two at a time, classes per preview.
import { element, noticed } from "./page.js";

const PARALLEL = 2;
const PICTURES = [".png", ".jpg", ".jpeg"];
const ACCEPTED = {
  static: [...PICTURES, ".gif"],
  video: [".mp4"],
  in_stream: [".mp4"],
  native_static: PICTURES,
  native_rollover: [".mp4"],
};

export class UploadPanel {
  constructor(texts, target, told) {
    this.texts = texts;
    this.target = target;
    this.told = told;
    this.waiting = [];
    this.running = 0;
    this.build();
  }

  build() {
    const browse = element("span", { class: "smallButton greyButton" }, this.texts.browse);
    const close = element("a", { href: "#", class: "closeUploadPanel", role: "button" }, this.texts.close);
    this.message = element("div", { class: "processingMessage customMessage" }, this.texts.working);
    this.message.hidden = true;
    this.zone = element("form", { class: "dropzone dz-clickable", id: "creativesDropzone" },
      element("div", { class: "dz-message" }, this.texts.drop, " ", browse));
    this.root = element("div", { id: "uploadPanel" }, close, this.zone, this.message);
    // Dropzone's own place for it is the end of the body, not the panel.
    this.input = element("input", {
      type: "file", class: "dz-hidden-input", tabindex: "-1", accept: ACCEPTED[this.target.slot].join(","),
    });
    this.input.multiple = true;
    document.body.append(this.input);
    browse.addEventListener("click", () => this.input.click());
    close.addEventListener("click", (event) => {
      event.preventDefault();
      this.told.closed();
    });
    this.input.addEventListener("change", () => {
      for (const file of this.input.files) this.add(file);
      this.input.value = "";
      this.next();
    });
  }

  remove() {
    this.root.remove();
    this.input.remove();
  }

  add(file) {
    const preview = this.preview(file);
    this.zone.classList.add("dz-started");
    this.zone.append(preview);
    const isAccepted = ACCEPTED[this.target.slot].some((ending) => file.name.toLowerCase().endsWith(ending));
    if (isAccepted) this.waiting.push([file, preview]);
    else this.fail(preview, this.texts.bad_type);
  }

  preview(file) {
    const kind = file.type.startsWith("image/") ? "dz-image-preview" : "dz-file-preview";
    return element("div", { class: `dz-preview ${kind}` },
      element("div", { class: "dz-image" }),
      element("div", { class: "dz-details" },
        element("div", { class: "dz-size" }, `${(file.size / 1e6).toFixed(1)} MB`),
        element("div", { class: "dz-filename" }, element("span", { "data-dz-name": "" }, file.name))),
      element("div", { class: "dz-progress" }, element("span", { class: "dz-upload", "data-dz-uploadprogress": "" })),
      element("div", { class: "dz-error-message" }, element("span", { "data-dz-errormessage": "" })));
  }

  next() {
    while (this.running < PARALLEL && this.waiting.length) this.send(...this.waiting.shift());
    this.message.hidden = this.running === 0;
  }

  send(file, preview) {
    this.running += 1;
    preview.classList.add("dz-processing");
    const form = new FormData();
    form.append("type", this.target.type);
    form.append("native_type", this.target.native_type);
    form.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/media-library/upload");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.upload.addEventListener("progress", (event) => {
      preview.querySelector(".dz-upload").style.width = `${(100 * event.loaded) / event.total}%`;
    });
    request.addEventListener("load", () => this.answered(request, preview));
    request.addEventListener("error", () => this.ended(preview, "Server responded with 0 code."));
    request.send(form);
  }

  answered(request, preview) {
    let answer = request.responseText;
    if ((request.getResponseHeader("content-type") || "").includes("application/json")) answer = JSON.parse(answer);
    noticed(request.status, answer);
    if (request.status >= 200 && request.status < 300) this.ended(preview, null);
    else this.ended(preview, answer || `Server responded with ${request.status} code.`);
  }

  ended(preview, error) {
    this.running -= 1;
    if (error === null) {
      preview.classList.add("dz-success", "dz-complete");
    } else {
      this.fail(preview, error);
    }
    this.next();
    if (!this.running && !this.waiting.length) this.told.finished();
  }

  // Dropzone shows what it got: a text, the `error` of an object, else the object itself.
  fail(preview, error) {
    const text = typeof error !== "string" && error.error ? error.error : error;
    preview.querySelector("[data-dz-errormessage]").textContent = text;
    preview.classList.add("dz-error", "dz-complete");
  }
}
