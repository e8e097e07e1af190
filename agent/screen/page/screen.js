// The state is the server's: this page draws what comes and sends what a person does.

/**
 * @typedef {{screen: string, text: string, sentence: string, buttons: string[], doors: number[],
 *   open_doors: number[], offline: boolean, strips: string[], courier?: string,
 *   items?: {key: string, label: string}[]}} View
 */

const codeLength = 8;
const again = 1000; // ms
const at = (id) => document.getElementById(id);
const typed = at('typed');
let view = null;
let events = null;

/** @param {View} v */
function draw(v) {
  const fresh = !view || view.screen !== v.screen || view.text !== v.text;
  view = v;
  at('sentence').textContent = v.sentence;
  at('screen').textContent = v.screen;
  typed.type = v.text === 'pin' || v.text === 'wrong_pin' ? 'password' : 'text';
  if (fresh) typed.value = '';
  // Nothing can be typed while a door is open, and its number needs the room.
  at('pad').hidden = v.text === 'lost' || v.text === 'out_of_service' || v.doors.length > 0;
  fill(at('strips'), v.strips, (s) => element('p', s));
  fill(at('doors'), v.doors, (n) => element('li', String(n)));
  fill(at('items'), v.items, (item) => {
    const button = element('button', item.label);
    button.type = 'button';
    button.dataset.item = item.key;
    button.addEventListener('click', () => send('choose', item.key));
    return button;
  });
  document.documentElement.lang = v.language;
  document.documentElement.dir = v.direction;
  fill(at('frame'), worded(v, v.frame), choice);
  fill(at('buttons'), worded(v, v.buttons), choice);
}

const worded = (v, buttons) => buttons.map((name) => ({ name, label: v.labels[name] }));

function choice({ name, label }) {
  const button = element('button', label);
  button.type = 'button';
  button.dataset.button = name;
  button.addEventListener('click', () => send('press', name));
  return button;
}

// What stays as it was is left alone: a finger may be on it.
function fill(parent, values, make) {
  const now = JSON.stringify(values || []);
  if (parent.dataset.now === now) return;
  parent.dataset.now = now;
  parent.replaceChildren(...(values || []).map(make));
}

function element(name, text) {
  const e = document.createElement(name);
  e.textContent = text;
  return e;
}

async function send(what, text) {
  try {
    const answer = await fetch(what, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
    });
    const body = await answer.json();
    if (answer.ok) draw(body);
    else at('sentence').textContent = body.detail;
  } catch {
    lost();
    setTimeout(listen, again);
  }
}

function submit() {
  const text = typed.value;
  typed.value = '';
  if (text) send('keys', text);
}

// Without the server nothing is known, so nothing is offered.
function lost() {
  draw({ screen: '', text: 'lost', sentence: 'One moment, please.', buttons: [], frame: [], labels: {}, language: 'en', direction: 'ltr', doors: [], open_doors: [], offline: false, strips: [] });
}

// The first event is the whole view. The browser connects again by itself, unless it has
// given up.
function listen() {
  if (events) events.close();
  const mine = events = new EventSource('events');
  mine.onmessage = (e) => draw(JSON.parse(e.data));
  mine.onerror = () => {
    lost();
    if (mine.readyState === EventSource.CLOSED) setTimeout(listen, again);
  };
}

for (const key of ['1', '2', '3', '4', '5', '6', '7', '8', '9', '⌫', '0', 'OK']) {
  const button = element('button', key);
  button.type = 'button';
  button.addEventListener('click', () => {
    if (key === 'OK') return submit();
    typed.value = key === '⌫' ? typed.value.slice(0, -1) : typed.value + key;
    // A whole pickup code needs no OK.
    if (typed.type === 'text' && view && !view.courier && /^\d+$/.test(typed.value) && typed.value.length === codeLength) submit();
  });
  at('digits').append(button);
}
at('pad').addEventListener('submit', (e) => { e.preventDefault(); submit(); });

listen();
