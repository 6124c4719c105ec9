// JupyterLab's own address, with whatever stands before it on a server of many; null outside of it.
function server() {
  try {
    return JSON.parse(document.getElementById("jupyter-config-data").textContent).baseUrl || null;
  } catch {
    return null;
  }
}

function render({ model, el }) {
  begin(el, "wb-files");
  const id = unique();
  const caption = make("strong", el, { id });
  const list = make("ul", el, { "aria-labelledby": id });
  const base = server();

  const draw = () => {
    const files = model.get("files");
    say(caption, files.length ? model.get("caption") : "");
    list.replaceChildren();
    for (const [words, path, name, isFolder] of files) {
      const item = make("li", list);
      if (!path || base === null) {
        item.textContent = `${words}: ${path || name}`;
        continue;
      }
      const at = path.split("/").map(encodeURIComponent).join("/");
      // JupyterLab listens for links like this one, and opens the file beside the notebook instead.
      make("a", item, {
        href: `${base}lab/tree/${at}`, target: "_blank", rel: "noopener noreferrer", title: path,
        "data-commandlinker-command": isFolder ? "filebrowser:open-path" : "docmanager:open",
        "data-commandlinker-args": JSON.stringify({ path }),
      }, words);
      if (isFolder) {
        item.append(` (${path})`);
        continue;
      }
      item.append(" · ");
      make("a", item, { href: `${base}files/${at}?download=1`, download: name, "aria-label": `Download ${name}` },
        "download");
      item.append(` ${name}`);
    }
  };
  return follow(model, { "change:files": draw, "change:caption": draw });
}
export default { render };
