// @ts-check
// Draws one cabinet from the hands API and moves it. What the page does, curl can do.

/** @typedef {{number: number, size: string, module: number, row: number, door_open: boolean, jammed: boolean, content: string[], state: string, doubtful: boolean, generation: number, shipment?: string}} Cell */
/** @typedef {{screen: string, sentence: string, buttons: string[], strips: string[]}} Screen */
/** @typedef {{number: string, online: boolean, keyed: boolean, epoch: number, last_seq: number, unsent_facts: number, auto_close_seconds: number, cells: Cell[], screen: Screen}} Locker */

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/**
 * @param {string} name @param {Record<string, any>} [props] @param {(Node|string)[]} [children]
 */
function make(name, props = {}, children = []) {
  const node = Object.assign(document.createElement(name), props);
  node.append(...children);
  return node;
}

let drawn = "";
let acting = false;

const path = () => "/hands/lockers/" + encodeURIComponent(byId("locker").value);

/** @param {string} [text] */
function tell(text) {
  byId("problem").textContent = text ?? "";
  byId("problem").hidden = !text;
}

/** @param {string} tail @param {object} [body] */
async function act(tail, body) {
  acting = true;
  try {
    const answer = await fetch(path() + tail, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
    });
    const told = await answer.json();
    tell(answer.ok ? "" : told.detail);
  } catch {
    tell("The hands do not answer.");
  } finally {
    acting = false;
  }
  await refresh();
}

/** @param {Cell} c */
function cell(c) {
  const at = `/cells/${c.number}/`;
  /** @param {string} label @param {() => void} go */
  const button = (label, go) => make("button", {
    type: "button", textContent: label,
    onclick: (/** @type {Event} */ e) => { e.stopPropagation(); go(); },
  });
  const acts = [];
  if (c.door_open) {
    acts.push(button("Close", () => act(at + "close")));
    acts.push(button("Put", () => {
      const thing = prompt("Put what into cell " + c.number + "?", "parcel");
      if (thing) act(at + "put", { thing });
    }));
    if (c.content.length) acts.push(button("Take", () => act(at + "take")));
  }
  acts.push(c.jammed ? button("Unjam", () => act(at + "unjam")) : button("Jam", () => act(at + "jam")));
  const state = make("span", {
    className: `state ${c.state} ${c.doubtful ? "doubtful" : ""}`,
    textContent: c.state.replaceAll("_", " ") + (c.doubtful ? " ?" : ""),
  });
  const node = make("div", {
    className: `cell ${c.size} ${c.door_open ? "open" : ""}`, title: `generation ${c.generation} ${c.shipment ?? ""}`,
    onclick: c.door_open ? () => act(at + "close") : null,
  }, [
    state, make("strong", { textContent: String(c.number) }), ` ${c.size}${c.door_open ? " · open" : ""}${c.jammed ? " · jammed" : ""}`,
    make("ul", { className: "things" }, c.content.map((t) => make("li", { textContent: t }))),
    make("div", { className: "acts" }, acts),
  ]);
  node.dataset.testid = "cell-" + c.number;
  return node;
}

/** @param {Cell[]} cells */
function cabinet(cells) {
  const modules = Map.groupBy(cells, (c) => c.module);
  return [...modules.values()].map((module) => make("div", { className: "module" },
    [...Map.groupBy(module, (c) => c.row).values()].map((row) => make("div", { className: "shelf" }, row.map(cell)))));
}

/** @param {Locker} l */
function draw(l) {
  byId("line").textContent = l.online ? "online" : "offline";
  byId("line").classList.toggle("on", l.online);
  byId("journal").textContent = `fact ${l.epoch}/${l.last_seq}, ${l.unsent_facts} unsent${l.keyed ? "" : ", no key yet"}`;
  const auto = byId("auto");
  if (document.activeElement !== auto) auto.value = String(l.auto_close_seconds);
  byId("cabinet").replaceChildren(...cabinet(l.cells));
  byId("sentence").textContent = l.screen.sentence;
  byId("screen-id").textContent = l.screen.screen;
  byId("strips").replaceChildren(...l.screen.strips.map((s) => make("div", { className: "strip", textContent: s })));
  byId("buttons").replaceChildren(...l.screen.buttons.map((b) => {
    const node = make("button", { type: "button", textContent: b.replaceAll("_", " "), onclick: () => act("/press", { button: b }) });
    node.dataset.testid = "press-" + b;
    return node;
  }));
}

async function refresh() {
  if (!byId("locker").value) {
    tell("No cabinet runs here yet.");
    return;
  }
  try {
    const answer = await fetch(path());
    const text = await answer.text();
    if (!answer.ok) {
      tell(JSON.parse(text).detail);
    } else if (text !== drawn) {
      drawn = text; // unchanged nodes stay, so that a click never lands on a node just replaced
      draw(JSON.parse(text));
    }
  } catch {
    tell("The hands do not answer.");
  }
}

async function poll() {
  if (!acting && !document.hidden) await refresh();
  setTimeout(poll, 400);
}

// The start page links to one cabinet: /hands/?locker=<id>.
const asked = new URLSearchParams(location.search).get("locker");
if (asked && [...byId("locker").options].some((o) => o.value === asked)) byId("locker").value = asked;

for (const key of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "⌫", "0", "OK"]) {
  byId("digits").append(make("button", {
    type: key === "OK" ? "submit" : "button", textContent: key,
    onclick: () => {
      const code = byId("code");
      if (key === "⌫") code.value = code.value.slice(0, -1);
      else if (key !== "OK") code.value += key;
    },
  }));
}
byId("pad").onsubmit = (/** @type {Event} */ e) => {
  e.preventDefault();
  const text = byId("code").value;
  byId("code").value = "";
  act("/keys", { text });
};
byId("scanner").onsubmit = (/** @type {Event} */ e) => {
  e.preventDefault();
  const text = byId("scan").value;
  byId("scan").value = "";
  act("/scan", { text });
};
byId("auto").onchange = () => {
  const seconds = Number(byId("auto").value);
  act("/auto-close", seconds ? { seconds } : { off: true });
};
byId("locker").onchange = () => { drawn = ""; tell(); refresh(); };
poll();
