// @ts-check
// Draws one cabinet from the hands API and moves it. What the page does, curl can do.

/** @typedef {{number: number, size: string, module: number, row: number, door_open: boolean, jammed: boolean, content: string[], state: string, doubtful: boolean, generation: number, shipment?: string, back?: {door_open: boolean, jammed: boolean}}} Cell */
/** @typedef {{screen: string, sentence: string, buttons: string[], strips: string[]}} Screen */
/** @typedef {{name: string, up: boolean, unplugged: boolean}} Board */
/** @typedef {{power: boolean, line_cut: boolean, boards: Board[]}} Wires */
/** @typedef {Wires & {number: string, online: boolean, keyed: boolean, epoch: number, last_seq: number, unsent_facts: number, auto_close_seconds: number, two_way: boolean, cells: Cell[], screen: Screen}} Locker */
/** @typedef {Wires & {locker: string, number: string}} Listed */

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
let looks = 0;
const problems = { act: "", look: "" };

/** Whether somebody stands at the back of a two-way cabinet. */
const back = () => !byId("sides").hidden && byId("side").value === "back";
const side = () => (back() ? "?side=back" : "");
const behind = 1000; // and a cell's number name the door at its back

const path = () => "/hands/lockers/" + encodeURIComponent(byId("locker").value);

/**
 * What went wrong with an act stays until the next one; with a look, until one succeeds.
 * @param {"act"|"look"} of @param {string} [text]
 */
function tell(of, text) {
  problems[of] = text ? text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".") : "";
  const told = problems.act || problems.look;
  if (byId("problem").textContent !== told) byId("problem").textContent = told;
  byId("problem").hidden = !told;
}

/** @param {string} tail @param {object} [body] */
async function act(tail, body) {
  acting = true;
  try {
    const answer = await fetch(path() + tail, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
    });
    const told = await answer.json();
    tell("act", answer.ok ? "" : told.detail);
  } catch {
    tell("act", "The hands do not answer.");
  } finally {
    acting = false;
  }
  await refresh();
}

/** @param {Cell} c */
function cell(c) {
  const leaf = back() && c.back ? c.back : c;
  const at = `/cells/${c.number + (back() ? behind : 0)}/`;
  /** @param {string} label @param {() => void} go */
  const button = (label, go) => make("button", {
    type: "button", textContent: label, ariaLabel: `${label} cell ${c.number}`,
    onclick: (/** @type {Event} */ e) => { e.stopPropagation(); go(); },
  });
  const acts = [];
  if (leaf.door_open) {
    acts.push(button("Close", () => act(at + "close")));
    acts.push(button("Put", () => {
      const thing = prompt("Put what into cell " + c.number + "?", "parcel");
      if (thing) act(at + "put", { thing });
    }));
    if (c.content.length) acts.push(button("Take", () => act(at + "take")));
  }
  acts.push(leaf.jammed ? button("Unjam", () => act(at + "unjam")) : button("Jam", () => act(at + "jam")));
  const state = make("span", {
    className: "state",
    textContent: c.state.replaceAll("_", " ") + (c.doubtful ? " ?" : ""),
  });
  const node = make("div", {
    className: `cell ${c.size} ${c.state} ${c.doubtful ? "doubtful" : ""} ${leaf.door_open ? "open" : ""}`, title: `generation ${c.generation} ${c.shipment ?? ""}`,
    onclick: leaf.door_open ? () => act(at + "close") : null,
  }, [
    make("div", { className: "head" }, [
      make("strong", { textContent: String(c.number) }), make("span", { className: "quiet", textContent: c.size }), state,
    ]),
    make("div", { className: "door", textContent: [leaf.door_open ? "open" : "", leaf.jammed ? "jammed" : ""].filter(Boolean).join(", ") }),
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

/**
 * One switch: pressed it asks for the other state. Its node stays, so that it keeps the focus.
 * @param {string} id @param {string} label @param {boolean} on @param {string} state @param {string} tail what it asks for
 */
function turn(id, label, on, state, tail) {
  let node = document.querySelector(`[data-testid="${id}"]`);
  if (!node) {
    node = make("button", { type: "button", className: "switch", role: "switch", ariaLabel: label }, [
      make("span", { textContent: label }), make("span", { className: "quiet" }),
    ]);
    node.setAttribute("data-testid", id);
    byId("switches").append(node);
  }
  const button = /** @type {HTMLButtonElement} */ (node);
  button.ariaChecked = String(on);
  button.onclick = () => act(tail);
  /** @type {HTMLElement} */ (button.lastChild).textContent = state;
}

/** @param {Wires} w */
function wires(w) {
  turn("power", "Power", w.power, w.power ? "on" : "cut", w.power ? "/power/cut" : "/power/restore");
  turn("network", "Line", !w.line_cut, w.line_cut ? "cut" : "whole", w.line_cut ? "/line/restore" : "/line/cut");
  w.boards.forEach((b, i) => {
    const state = b.unplugged ? "unplugged" : w.power && !b.up ? "plugged, silent" : "plugged";
    turn("board-" + i, "Board " + b.name, !b.unplugged, state, `/boards/${i}/${b.unplugged ? "plug" : "unplug"}`);
  });
}

/** @param {string} text @param {boolean} good */
function tag(text, good) {
  byId("line").textContent = text;
  byId("line").classList.toggle("on", good);
}

/** @param {boolean} on whether the cabinet's computer answers */
function lit(on) {
  byId("screen").classList.toggle("dark", !on);
  for (const id of ["cabinet", "pad", "scanner"]) byId(id).inert = !on;
}

/**
 * A cabinet whose computer says nothing: its cells stay as they were seen last.
 * @param {Listed} l
 */
function drawDark(l) {
  const name = l.number || l.locker;
  tag(l.power ? "no answer" : "no power", false);
  wires(l);
  lit(false);
  byId("journal").textContent = "";
  byId("sentence").textContent = l.power
    ? `The computer of cabinet ${name} does not answer. It may be starting; if it stays so, cut its power and restore it.`
    : `Cabinet ${name} has no power. Its doors and parcels stay as they are. Restore the power to go on.`;
  byId("screen-id").textContent = "";
  byId("strips").replaceChildren();
  byId("buttons").replaceChildren();
  if (!byId("cabinet").hasChildNodes()) {
    byId("cabinet").append(make("p", { className: "quiet", textContent: "Its cells are shown as soon as its computer answers." }));
  }
}

/** @param {Locker} l */
function draw(l) {
  tag(l.online ? "online" : "offline", l.online);
  wires(l);
  lit(true);
  byId("journal").textContent = `fact ${l.epoch}/${l.last_seq}, ${l.unsent_facts} unsent${l.keyed ? "" : ", no key yet"}`;
  const auto = byId("auto");
  if (document.activeElement !== auto) auto.value = String(l.auto_close_seconds);
  byId("sides").hidden = !l.two_way;
  byId("cabinet").replaceChildren(...cabinet(l.cells));
  byId("sentence").textContent = l.screen.sentence;
  byId("screen-id").textContent = l.screen.screen;
  byId("strips").replaceChildren(...l.screen.strips.map((s) => make("div", { className: "strip", textContent: s })));
  byId("buttons").replaceChildren(...l.screen.buttons.map((b) => {
    const node = make("button", { type: "button", textContent: b.replaceAll("_", " "), onclick: () => act("/press" + side(), { button: b }) });
    node.dataset.testid = "press-" + b;
    return node;
  }));
}

/** @param {string} url */
async function get(url) {
  const answer = await fetch(url);
  return { ok: answer.ok, text: await answer.text() };
}

async function refresh() {
  const id = byId("locker").value;
  if (!id) {
    tell("look", "No cabinet runs here yet.");
    return;
  }
  const look = ++looks;
  try {
    let { ok, text } = await get(path());
    /** @type {Listed|undefined} */
    let dark;
    if (!ok) { // what is known without the cabinet's computer is in the list
      const told = JSON.parse(text).detail;
      const listed = await get("/hands/lockers");
      dark = JSON.parse(listed.text).lockers?.find((/** @type {Listed} */ l) => l.locker === id);
      text = JSON.stringify(dark);
      if (!dark) throw new Error(told);
    }
    if (ok && back()) { // its screen is another one
      const screen = await get(path() + "/screen?side=back");
      if (screen.ok) text = JSON.stringify({ ...JSON.parse(text), screen: JSON.parse(screen.text) });
    }
    if (look !== looks) return; // a later look has begun: this one is old
    tell("look");
    if (text === drawn) return; // unchanged nodes stay, so that a click never lands on a node just replaced
    drawn = text;
    if (dark) drawDark(dark);
    else draw(JSON.parse(text));
  } catch (e) {
    if (look === looks) tell("look", e instanceof TypeError || e instanceof SyntaxError ? "The hands do not answer." : e.message);
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
    type: key === "OK" ? "submit" : "button", textContent: key, ariaLabel: key === "⌫" ? "Delete" : key,
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
  act("/keys" + side(), { text });
};
byId("scanner").onsubmit = (/** @type {Event} */ e) => {
  e.preventDefault();
  const text = byId("scan").value;
  byId("scan").value = "";
  act("/scan" + side(), { text });
};
byId("auto").onchange = () => {
  const seconds = Number(byId("auto").value);
  act("/auto-close", seconds ? { seconds } : { off: true });
};
byId("side").onchange = () => {
  drawn = "";
  refresh();
};
byId("locker").onchange = () => {
  drawn = "";
  byId("sides").hidden = true; // until it is known to have two
  byId("side").value = "front";
  byId("cabinet").replaceChildren(); // they are another cabinet's
  tell("act");
  refresh();
};
poll();
