// What all widgets here share. Words are set as text, never as markup; nothing is fetched from anywhere.
function make(name, parent, attributes, words) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  if (words !== undefined) made.textContent = words;
  if (parent) parent.append(made);
  return made;
}

// Only when it differs: the same words written again would be read aloud again.
function say(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

let counted = 0;
function unique() {
  counted += 1;
  return `wb-${Math.random().toString(36).slice(2, 8)}-${counted}`;
}

// Keys that a person types here are not JupyterLab's commands: "a" would insert a cell.
function begin(el, name) {
  el.classList.add(name);
  el.setAttribute("data-lm-suppress-shortcuts", "true");
}

function follow(model, draws) {
  for (const [what, draw] of Object.entries(draws)) model.on(what, draw);
  for (const draw of new Set(Object.values(draws))) draw();
  return () => {
    for (const [what, draw] of Object.entries(draws)) model.off(what, draw);
  };
}
