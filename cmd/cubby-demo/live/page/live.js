// @ts-check
// Draws what the server tells, and asks for acts. All that happens here can be done by curl.

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);
/** What is looked at: a cabinet, from the front or from its back. */
const looked = { locker: "", back: false };
const behind = 1000; // and a cell's number name the door at its back
const warm = 12, cool = 4.5; // °C: too warm for what is chilled, and as it should be
let boot = "";
/** @type {any} */
let state = null;
let chosen = ""; // the act whose curl is shown
let resetting = 0; // when it was asked for, ms
let fresh = ""; // the newest message when the page was opened
let only = ""; // of the inbox: people, webhooks, or all
let inHand = ""; // the label that was scanned last
/** @type {Set<string>} */
const carried = new Set(); // numbers of the shipments whose labels were scanned here

/** The cabinet that is looked at. */
const shown = () => state.cabinets.find((/** @type {any} */ c) => c.locker === looked.locker) ?? state.cabinets[0];
const side = () => (looked.back ? "?side=back" : "");

/** @param {string} name @param {Record<string, any>} [props] @param {(Node|string)[]} [children] */
function make(name, props = {}, children = []) {
  const node = Object.assign(document.createElement(name), props);
  node.append(...children);
  return node;
}

/**
 * Draws a part again only if what it shows has changed: a finger or the focus may be on it.
 * @param {string} id @param {any} value @param {() => (Node|string)[]} draw
 */
function part(id, value, draw) {
  const now = JSON.stringify(value ?? null);
  if (at(id).dataset.now === now) return;
  at(id).dataset.now = now;
  at(id).replaceChildren(...draw());
}

/** @param {string} id @param {string} text */
function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
  at(id).hidden = !text;
}

/** @param {string} path @param {any} [body] */
async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
    if (answer.ok) return "";
    return (await answer.json()).detail;
  } catch {
    return "The demo does not answer. Is it still running? “make run” starts it again.";
  }
}

/** @param {string} tail @param {any} [body] */
async function hand(tail, body) {
  say("hand", await post(`/hands/lockers/${shown().locker}${tail}`, body));
}

const time = (/** @type {string} */ iso) => new Date(iso).toLocaleTimeString([], { hour12: false });

/** A message's text with its code marked and its links to click. @param {string} text */
function rich(text) {
  return text.trim().split(/(https?:\/\/[^\s<>"]+|\b\d{4} ?\d{4}\b)/).map((bit) => {
    if (/^https?:/.test(bit)) return make("a", { href: bit, target: "_blank", rel: "noopener", textContent: bit.includes("/t/") ? "the client’s page, with the QR" : bit });
    if (/^\d{4} ?\d{4}$/.test(bit)) return make("mark", { textContent: bit });
    return bit;
  });
}

/** @param {any} m */
function message(m) {
  // Those of the parcels that the buttons move are shown whole, and what the operator is told.
  const ours = [...carried].some((number) => m.to.toLowerCase().includes(`-${number.toLowerCase()}@`)) || state.parcels.some((/** @type {any} */ p) => m.to === p.phone || m.to.toLowerCase().startsWith(p.number.toLowerCase()) || m.text.includes(p.number));
  const li = make("li", { className: `${m.kind} ${ours || m.to.startsWith("operator@") ? "" : "other"} ${ours && m.at > fresh && m.kind !== "webhook" ? "fresh" : ""}` }, [
    make("div", { className: "head" }, [
      make("span", { className: "kind", textContent: { "e-mail": "E-mail", sms: "SMS", webhook: "Webhook" }[m.kind] ?? m.kind }),
      make("span", { className: "to", title: m.to, textContent: m.to }),
      ...(m.signature ? [make("span", { className: `sig ${m.signature === "ok" ? "" : "wrong"}`, textContent: `signature ${m.signature}` })] : []),
      make("time", { textContent: time(m.at) }),
    ]),
    ...(m.title ? [make("strong", {}, [m.title])] : []),
    make("div", { className: "text" }, rich(m.text)),
    ...(m.body ? [make("details", {}, [make("summary", { textContent: "body" }), make("pre", { textContent: m.body })])] : []),
    ...(m.link ? [make("a", { href: m.link, target: "_blank", textContent: "open" })] : []),
  ]);
  return li;
}

/** @param {any} c */
function cell(c) {
  const things = c.content ?? [];
  const leaf = looked.back ? c.back : c;
  const door = c.number + (looked.back ? behind : 0);
  const node = make("button", {
    type: "button", className: "door", disabled: !leaf.door_open,
    ariaLabel: `cell ${c.number}, size ${c.size}, ${c.state.replaceAll("_", " ")}${c.doubtful ? ", doubtful" : ""}${leaf.door_open ? ": shut its door" : ""}`,
    onclick: () => hand(`/cells/${door}/close`),
  }, [make("b", { textContent: String(c.number) }), " " + c.size, make("span", { className: "what", textContent: things.length ? "▮".repeat(Math.min(things.length, 3)) : "" })]);
  const take = () => make("button", { type: "button", textContent: "Take", ariaLabel: `take from cell ${c.number}`, onclick: () => hand(`/cells/${door}/take`) });
  const put = () => make("button", { type: "button", textContent: "Put", ariaLabel: `put a parcel into cell ${c.number}`, onclick: () => hand(`/cells/${door}/put`, { thing: inHand || "a parcel" }) });
  const inside = things.length ? [make("div", { className: "thing" }, leaf.door_open ? [take()] : [])]
    : leaf.door_open ? [make("div", { className: "hollow" }, [put()])] : [];
  const drawn = make("div", {
    className: `cell ${c.size} ${c.state} ${c.doubtful ? "doubtful" : ""} ${leaf.door_open ? "open" : ""} ${leaf.jammed ? "jammed" : ""}`,
    title: [`cell ${c.number}: ${c.state.replaceAll("_", " ")}`, c.doubtful ? "doubtful" : "", leaf.jammed ? "its lock is jammed" : "",
      (looked.back ? c.door_open : c.back?.door_open) ? "its other door is open" : "", ...things].filter(Boolean).join(", "),
  }, [...inside, node]);
  drawn.dataset.testid = "cell-" + c.number;
  return drawn;
}

/** From its back a cabinet is the other way round. @param {any[]} list */
const asSeen = (list) => (looked.back ? list.toReversed() : list);

/** @param {any[]} cells */
function cabinet(cells) {
  const modules = Map.groupBy(cells, (c) => c.module);
  return asSeen([...modules.values()]).map((module) => make("div", { className: "module" },
    [...Map.groupBy(module, (c) => c.row).values()].map((row) => make("div", { className: "shelf " + row[0].size }, asSeen(row.map(cell))))));
}

/** Keeps the nodes of cells that have not changed, so that a door swings. @param {any[]} cells */
function drawCabinet(cells) {
  const shape = JSON.stringify([looked, cells.map((c) => [c.number, c.size, c.module, c.row])]);
  const box = at("cabinet");
  if (box.dataset.shape !== shape) {
    box.dataset.shape = shape;
    box.replaceChildren(...cabinet(cells));
    return;
  }
  for (const c of cells) {
    const old = box.querySelector(`[data-testid="cell-${c.number}"]`);
    const now = JSON.stringify([c.state, c.doubtful, c.door_open, c.jammed, c.back, c.content]);
    if (old.dataset.now === now) continue;
    const made = cell(c);
    if (old.dataset.now === undefined) { old.dataset.now = now; if (old.className === made.className && old.title === made.title) continue; }
    old.dataset.now = now;
    const focused = old.contains(document.activeElement);
    old.title = made.title;
    old.replaceChildren(...made.childNodes);
    requestAnimationFrame(() => requestAnimationFrame(() => { old.className = made.className; })); // the door first stands as it did, then moves
    if (focused) old.querySelector(".door").focus();
  }
}

/** @param {string} id @param {string} label @param {boolean} on @param {string} yes @param {string} no */
function wire(id, label, on, yes, no) {
  at(id).ariaChecked = String(on);
  const text = `${label} ${on ? yes : no}`;
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** The cabinets that can be looked at, each from where it has a screen. */
function drawViews() {
  const views = state.cabinets.flatMap((/** @type {any} */ c) => (c.two_way ? [false, true] : [false]).map((back) => ({ locker: c.locker, number: c.number, two_way: c.two_way, back })));
  if (!looked.locker) look(views[0]);
  part("views", [views, looked], () => views.map((/** @type {any} */ v) => {
    const node = make("button", { type: "button", textContent: v.number + (v.two_way ? (v.back ? ", back: loading" : ", front: pickup") : ""), onclick: () => { look(v); draw(); } });
    node.ariaPressed = String(v.locker === looked.locker && v.back === looked.back);
    node.dataset.testid = `view-${v.number}-${v.back ? "back" : "front"}`;
    return node;
  }));
}

/** @param {{locker: string, back: boolean}} v */
function look(v) {
  looked.locker = v.locker;
  looked.back = v.back;
  at("cabinet").replaceChildren();
  at("cabinet").dataset.shape = "";
  at("screen").src = `/screen/${v.locker}/${side()}`;
  at("alone").href = at("screen").src;
  say("hand", "");
}

/** Shows the screen as large as there is room for it: it is made for a larger glass. */
function fit() {
  if (!state) return;
  const { width, height } = shown().panel, box = at("frame");
  box.classList.toggle("portrait", height > width);
  const scale = Math.min(box.clientWidth / width, box.clientHeight / height);
  Object.assign(at("screen").style, {
    width: width + "px", height: height + "px", transform: `scale(${scale})`, left: (box.clientWidth - width * scale) / 2 + "px",
  });
}

/** @param {any} m */
function climate(m) {
  const button = (/** @type {string} */ text, /** @type {number} */ celsius) => {
    const node = make("button", { type: "button", textContent: text, onclick: () => hand(`/climates/${m.module}`, { celsius }) });
    node.dataset.testid = text.split(" ")[0].toLowerCase();
    return node;
  };
  return make("li", {}, [
    `Module ${m.module}, chilled: ${m.celsius.toFixed(1)} °C`, make("small", { textContent: m.told === null ? "not read yet" : `read ${m.told.toFixed(1)} °C` }),
    button("Warm it up", warm), button("Cool it", cool), make("small", { textContent: "counts after 10 s out of 2 to 8 °C" }),
  ]);
}

function draw() {
  const s = state;
  drawViews();
  const c = shown();
  const act = s.act;
  const filling = s.filling;
  const busy = act?.running || (filling && !filling.free);
  for (const button of document.querySelectorAll("[data-act]")) {
    const b = /** @type {HTMLButtonElement} */ (button);
    const mine = act?.name === b.dataset.act;
    b.disabled = !!busy;
    b.classList.toggle("running", !!(mine && act.running));
    b.classList.toggle("ok", !!(mine && !act.running && !act.failed));
    b.classList.toggle("bad", !!(mine && act.failed));
  }
  part("steps", act?.steps, () => (act?.steps ?? []).map((/** @type {any} */ t) => make("li", { className: t.state }, [
    t.text, " ", make("time", { textContent: t.state === "runs" ? "" : t.seconds.toFixed(1) + " s" }),
  ])));
  if (act?.running) at("now").scrollTop = at("now").scrollHeight; // what is done now is the last
  say("idle", act ? "" : "Press 1, then 2, 3, 4. A button does what has to come before it by itself.");
  say("failed", act?.failed ? `It did not work: ${act.failed}. ${act.advice}` : s.problem ?? "");
  const newest = s.parcels[0];
  at("after").hidden = !(newest?.jammed && !act?.running);
  at("flow").hidden = !newest;
  if (newest) {
    at("workflow").href = newest.workflow;
    at("workflow").textContent = `The workflow of ${newest.number} in the Temporal UI`;
  }
  const curl = chosen || act?.name || "announce";
  say("curl", s.curls?.find((/** @type {any} */ c) => c.act === curl)?.text ?? "");
  if (filling) {
    at("filling").classList.toggle("bad", !!filling.problem);
    const text = filling.problem ? `The demo network is not whole: ${filling.problem}. The buttons work all the same; Reset comes with the next “make run”.`
      : filling.done < filling.total || !filling.kept ? `The demo network is being filled by real couriers and clients: ${filling.done} of ${filling.total} shipments; ${filling.doing}${filling.free ? "" : ` The buttons wait until the courier has left this cabinet.`}` : "";
    say("filling", text);
    at("reset").disabled = !filling.kept || !!act?.running;
    if (at("past")) at("past").disabled = at("reset").disabled;
    at("reset").title = filling.kept ? "Stop everything, put the data back as it was after the first filling, start again: about 15 s" : "When the network is filled, a copy is kept to go back to";
  } else {
    at("reset").hidden = true;
  }
  at("screen").title = `The screen of cabinet ${c.number}${c.two_way ? (looked.back ? ", at its back" : ", in front") : ""}`;
  say("whose", c.number + (c.two_way ? (looked.back ? ", from its back" : ", from the front") : ""));
  at("panel").href = "/hands/?locker=" + c.locker;
  fit();
  const had = at("cabinet").classList.contains("dark");
  at("cabinet").classList.toggle("dark", !c.snapshot);
  if (had && c.snapshot) at("screen").src = at("screen").src; // a frame that was dark does not come back by itself
  if (c.snapshot) drawCabinet(c.snapshot.cells);
  part("climates", [c.locker, c.snapshot?.climates], () => (c.snapshot?.climates ?? []).map(climate));
  wire("line", "Cable", !c.line_cut, "in", "pulled");
  wire("power", "Power", c.powered, "on", "cut");
  const unsent = c.snapshot?.unsent_facts ?? 0;
  at("facts").classList.toggle("waiting", unsent > 0);
  say("facts", !c.snapshot ? c.dark : unsent ? `${unsent} ${unsent === 1 ? "fact waits" : "facts wait"} to be sent` : `${c.snapshot.online ? "online" : "offline"}, ${c.snapshot.last_seq} facts, all sent`);
  if (!fresh) fresh = s.messages[0]?.at ?? "0";
  const messages = s.messages.filter((/** @type {any} */ m) => only === "" || (m.kind === "webhook") === (only === "webhooks"));
  part("messages", [messages, [...carried], s.parcels.map((/** @type {any} */ p) => p.number)], () => messages.length ? messages.map(message)
    : [make("li", { className: "none", textContent: "Nothing yet. The client’s message comes when a parcel is in its cell: press 1, 2 and 3." })]);
  part("parcels", s.parcels, () => s.parcels.map((/** @type {any} */ p) => make("li", {}, [
    make("b", { textContent: p.number }), make("span", { className: "tag", textContent: p.state.replaceAll("_", " ") }),
    ...(p.cell ? [`cell ${p.cell}`] : []), make("a", { href: p.workflow, target: "_blank", rel: "noopener", textContent: "workflow" }),
  ])));
  const incidents = s.incidents.filter((/** @type {any} */ i) => i.locker === c.locker);
  part("incidents", incidents, () => incidents.map((/** @type {any} */ i) => make("li", { title: i.evidence ?? "" }, [
    make("b", { textContent: `Incident: ${i.kind.replaceAll("_", " ")}` }), i.cell ? ` in cell ${i.cell} ` : " ", ...(i.kind === "device" ? [i.evidence.replace(/^\S+ /, "") + " "] : []), // it begins with the fact
    ...(i.shipment ? [make("a", { href: i.workflow, target: "_blank", rel: "noopener", textContent: "workflow" })] : []),
    ...(i.desk ? [make("div", {}, [atDesk(i.desk), make("small", { textContent: ` ${i.login}` })])] : []),
  ])));
  part("timeline", s.timeline, () => s.timeline.length ? s.timeline.map((/** @type {any} */ l) => make("li", { className: l.kind }, [
    make("time", { textContent: time(l.at) }), make("span", { textContent: l.text }),
    make("small", { textContent: [l.number, l.cell ? `cell ${l.cell}` : "", (l.reason ?? "").replaceAll("_", " ")].filter(Boolean).join(", ") }),
  ])) : [make("li", { className: "none", textContent: "What happens to a parcel stands here: announcements, what the cabinet saw, messages." })]);
  const expected = (s.expected ?? []).filter((/** @type {any} */ l) => l.locker === c.locker);
  if (at("sheet")) at("sheet").hidden = !expected.length || c !== s.cabinets[0];
  part("label", expected, () => [make("option", { value: "", textContent: "of an expected parcel" }),
    ...expected.map((/** @type {any} */ l) => make("option", { value: l.barcode, textContent: `${l.number} (${[l.size, l.regime].filter(Boolean).join(", ")})` }))]);
}

/** @param {string} url */
function atDesk(url) {
  const link = make("a", { href: url, target: "_blank", rel: "noopener", textContent: "Resolve it at the desk" });
  link.dataset.testid = "desk";
  return link;
}

/** @param {string} text */
function away(text) {
  at("away").hidden = !text;
  at("away").firstElementChild.textContent = text;
}

function listen() {
  const events = new EventSource("/live/events");
  events.onmessage = (e) => {
    state = JSON.parse(e.data);
    if (boot && boot !== state.boot) return location.reload();
    boot = state.boot;
    away("");
    draw();
  };
  events.onerror = () => {
    events.close();
    back();
  };
}

/** The demo is away or starts anew: says how far it is until the page can be had again. */
async function back() {
  try {
    const answer = await fetch("/demo/progress");
    const told = await answer.json();
    if (told.up) return listen();
    away(told.failed ? `It did not start: ${told.failed}` : `The network starts: ${told.doing}\n${resetting ? "It will be as it was after its first filling. " : ""}${Math.round(told.seconds)} s so far${told.doing.includes("two weeks") ? "" : ", usually 15 s"}.`);
  } catch {
    away("The demo does not answer: it was stopped. “make run” starts it again, and this page goes on by itself.");
  }
  setTimeout(back, 500);
}

for (const button of document.querySelectorAll("[data-act]")) {
  const b = /** @type {HTMLButtonElement} */ (button);
  b.onclick = async () => {
    chosen = b.dataset.act ?? "";
    say("failed", await post("/live/acts/" + chosen));
  };
}
for (const button of document.querySelectorAll("[data-scan]")) {
  const b = /** @type {HTMLButtonElement} */ (button);
  b.onclick = () => hand("/scan" + side(), { text: b.dataset.scan });
}
at("label").onchange = () => {
  const label = state.expected.find((/** @type {any} */ l) => l.barcode === at("label").value);
  if (label) {
    inHand = label.barcode;
    carried.add(label.number);
    hand("/scan" + side(), { text: inHand });
  }
  at("label").value = "";
};
for (const button of document.querySelectorAll("[data-only]")) {
  const b = /** @type {HTMLButtonElement} */ (button);
  b.onclick = () => {
    only = b.dataset.only ?? "";
    for (const other of document.querySelectorAll("[data-only]")) other.ariaPressed = String(other === b);
    draw();
  };
}
at("line").onclick = () => hand(shown().line_cut ? "/line/restore" : "/line/cut");
at("power").onclick = () => hand(shown().powered ? "/power/cut" : "/power/restore");
new ResizeObserver(fit).observe(at("frame"));
at("copy").onclick = (/** @type {Event} */ e) => {
  e.preventDefault(); // it stands where a click folds the calls up
  navigator.clipboard.writeText(at("curl").textContent);
};
at("reset").onclick = async () => {
  resetting = Date.now();
  const no = await post("/live/reset");
  if (no) say("failed", no);
  else away("The network is being stopped, to be put back as it was after its first filling.");
};
if (at("past")) at("past").onclick = async () => {
  const no = await post("/live/past");
  if (no) say("failed", no);
  else away("The network is being stopped. It begins anew, two weeks ago.");
};
listen();
