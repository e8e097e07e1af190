// Shows how far the build is, and opens the network's own page when it is up.
const every = 1000;
const at = (id) => document.getElementById(id);
let drawn = "";

const clock = (s) => (s < 60 ? `${Math.round(s)} s` : `${Math.floor(s / 60)} min ${String(Math.round(s) % 60).padStart(2, "0")} s`);

function says(step) {
  if (step.state === "done") return clock(step.seconds);
  if (step.state === "failed") return "failed after " + clock(step.seconds);
  const first = step.cold > 2 * step.usual ? `about ${clock(step.cold)} the first time, ${clock(step.usual)} later` : `about ${clock(step.usual)}`;
  return step.state === "runs" ? `${clock(step.seconds)} so far; ${first}` : first;
}

function draw(state) {
  const now = JSON.stringify(state);
  if (now === drawn) return;
  drawn = now;
  at("steps").replaceChildren(...state.steps.map((step) => {
    const li = document.createElement("li");
    li.className = step.state;
    li.dataset.testid = "step";
    const name = document.createElement("strong");
    name.textContent = step.name;
    const said = document.createElement("span");
    said.textContent = says(step);
    const bar = document.createElement("progress");
    bar.max = step.cold;
    bar.value = step.state === "done" ? step.cold : step.state === "waits" ? 0 : Math.min(step.seconds, step.cold * 0.97);
    bar.setAttribute("aria-label", step.name);
    li.append(name, said, bar);
    return li;
  }));
  const left = state.steps.filter((s) => s.state !== "done").reduce((sum, s) => sum + Math.max(0, s.cold - s.seconds), 0);
  at("left").textContent = state.failed ? "" : `At most about ${clock(left)} more on a machine that never built it; a few seconds on one that did.`;
  at("log").textContent = state.lines.join("\n") || "…";
  at("failure").hidden = !state.failed;
  at("failed").textContent = state.failed ? `It stopped: ${state.failed}.` : "";
  at("advice").textContent = state.advice ?? "";
}

async function look() {
  try {
    const state = await (await fetch("/building/state")).json();
    draw(state);
    if (state.up) return location.reload();
    if (state.failed) return; // the program ends soon: what is shown stays
  } catch {
    at("failure").hidden = false;
    at("failed").textContent = "Nothing answers any more: it was stopped.";
    at("advice").textContent = "Type “make run” again; this page goes on by itself.";
  }
  setTimeout(look, every);
}

look();
