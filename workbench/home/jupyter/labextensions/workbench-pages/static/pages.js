// The pages of Workbench in JupyterLab. Written by hand in the form that JupyterLab loads (a container of module
// federation): nothing is built, and nothing of JupyterLab is copied; its own modules are asked for when it starts.
//
// A page runs when it is opened, if its code is exactly what ships (the server says which that is): what somebody else
// put into a notebook of that name never runs by itself. It runs as by the menu, so running it again changes nothing.
(() => {
  "use strict";
  const IDLE_SECONDS = 180; // a kernel may begin that late on a busy machine
  const TRIES = 3;
  let shared; // JupyterLab's own modules
  const module_of = async (name) => {
    const versions = shared[name];
    return (await versions[Object.keys(versions)[0]].get())();
  };

  const pages = () => {
    const said = document.getElementById("jupyter-config-data");
    return (said && JSON.parse(said.textContent).workbenchPages) || {};
  };
  const plain = (path) => path.replace(/^[A-Za-z-]+:/, ""); // of a drive, if JupyterLab names one

  async function code_of(panel) {
    const cells = [...panel.content.model.cells].filter((one) => one.type === "code");
    const text = cells.map((one) => one.sharedModel.getSource()).join("\n\f\n");
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return [...new Uint8Array(hash)].map((one) => one.toString(16).padStart(2, "0")).join("");
  }

  async function idle(panel) {
    const kernel = panel.sessionContext.session && panel.sessionContext.session.kernel;
    if (!kernel) return false;
    const last = Date.now() + IDLE_SECONDS * 1000;
    while (kernel.status !== "idle") { // what is run before the kernel is there is silently lost
      if (panel.isDisposed || Date.now() > last) return false;
      await new Promise((done) => setTimeout(done, 50));
    }
    return true;
  }

  async function open(panel, known, NotebookActions) {
    const page = known[plain(panel.context.path)];
    if (!page || panel.node.dataset.workbench) return;
    panel.node.dataset.workbench = "opened";
    await panel.context.ready;
    await panel.sessionContext.ready;
    if (await code_of(panel) !== page.code) return;
    for (let tries = 0; tries < TRIES && !has_run(panel); tries += 1) {
      if (!await idle(panel)) return;
      const done = NotebookActions.runAll(panel.content, panel.sessionContext);
      to_top(panel);
      await done;
      to_top(panel);
    }
  }

  // A kernel that had to begin anew (its port was taken) loses what was asked of it.
  function has_run(panel) {
    const cells = [...panel.content.model.cells].filter((one) => one.type === "code");
    const outputs = cells.flatMap((one) => Array.from({ length: one.outputs.length }, (_, n) => one.outputs.get(n)));
    return cells.at(-1).executionCount !== null || outputs.some((one) => one.type === "error");
  }

  // Running all cells goes to the last one; a page is read from its top.
  function to_top(panel) {
    const scroller = panel.content.node.querySelector(".jp-WindowedPanel-outer") || panel.content.node;
    if (panel.node.contains(document.activeElement) && document.activeElement.closest(".jp-OutputArea")) return;
    panel.content.deselectAll();
    panel.content.activeCellIndex = 0;
    scroller.scrollTop = 0;
  }

  function activate(app, tracker, launcher, { NotebookActions, icon }) {
    const known = pages();
    document.documentElement.dataset.workbench = "pages";
    app.commands.addCommand("workbench:open", {
      label: (args) => args.title || "Open a page of Workbench",
      caption: (args) => args.path || "",
      icon,
      execute: (args) => app.commands.execute("docmanager:open", { path: args.path }),
    });
    for (const [path, { title, rank }] of launcher ? Object.entries(known) : []) {
      launcher.add({ command: "workbench:open", args: { path, title }, category: "Workbench", rank });
    }
    const look = () => {
      const panel = tracker.currentWidget;
      if (panel) open(panel, known, NotebookActions).catch((error) => console.warn("Workbench:", error));
    };
    tracker.currentChanged.connect(look);
    app.restored.then(() => {
      if (window.innerWidth < 1000 && app.shell.collapseLeft) app.shell.collapseLeft(); // the page needs the room
      look();
    });
    // Links from page to page, and the button of a page that lost its kernel.
    document.addEventListener("click", (event) => {
      const link = event.target.closest && event.target.closest(".wb-page a[href$='.ipynb']");
      const here = link && tracker.currentWidget && plain(tracker.currentWidget.context.path);
      if (!here || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const path = here.replace(/[^/]*$/, "") + link.getAttribute("href");
      if (!known[path]) return;
      event.preventDefault();
      app.commands.execute("workbench:open", { path });
    }, true);
    document.addEventListener("workbench:run", () => app.commands.execute("notebook:run-all-cells"));
  }

  const plugin = async () => {
    const [notebook, launcher, components] = await Promise.all(
      ["@jupyterlab/notebook", "@jupyterlab/launcher", "@jupyterlab/ui-components"].map(module_of));
    return {
      id: "workbench-pages:plugin",
      description: "Runs the pages of Workbench when they are opened, and offers them in the launcher.",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      optional: [launcher.ILauncher],
      activate: (app, tracker, cards) => activate(app, tracker, cards,
        { NotebookActions: notebook.NotebookActions, icon: components.notebookIcon }),
    };
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["workbench-pages"] = {
    init: (scope) => { shared = scope; },
    get: async (name) => {
      if (name !== "./extension") throw new Error(`there is no ${name} in workbench-pages`);
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
