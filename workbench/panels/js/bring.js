const PIECE = 2 << 20; // bytes of one message

function render({ model, el }) {
  begin(el, "wb-bring");
  const id = unique();
  make("label", el, { for: id }, model.get("label"));
  const input = make("input", el, { id, type: "file", accept: model.get("accept"), multiple: "" });
  const status = make("p", el, { role: "status" });
  let ended = null;

  const heard = (content) => {
    if (ended && content.got === ended.key) ended.done(content.ends);
  };
  const sent = (key, name, piece, last) => new Promise((done) => {
    ended = { key, done };
    model.send({ key, name, last }, undefined, [piece]);
  });
  const bring = async (files) => {
    input.disabled = true;
    try {
      for (const file of files) {
        const key = unique();
        let at = 0;
        do {
          const piece = await file.slice(at, at + PIECE).arrayBuffer();
          at += PIECE;
          say(status, `Bringing ${file.name}: ${Math.min(100, Math.round((100 * at) / (file.size || 1)))} %`);
          if (await sent(key, file.name, piece, at >= file.size)) break;
        } while (at < file.size);
      }
    } finally {
      input.disabled = false;
      input.value = "";
    }
    draw();
  };
  input.addEventListener("change", () => bring([...input.files]));
  el.addEventListener("dragover", (event) => event.preventDefault());
  el.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!input.disabled) bring([...event.dataTransfer.files]);
  });
  const draw = () => say(status, model.get("said"));
  model.on("msg:custom", heard);
  const stop = follow(model, { "change:said": draw });
  return () => {
    model.off("msg:custom", heard);
    stop();
  };
}
export default { render };
