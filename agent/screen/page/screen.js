// The state is the cabinet's: this page draws what comes and sends what a person does. Words come with the view.

/**
 * @typedef {{
 *   screen: string, text: string, sentence: string, language: string, direction: string, buttons: string[],
 *   frame: string[], labels: Object<string, string>, items: {key: string, label: string, look?: string}[], doors: number[],
 *   report?: {name: string, value: string, wrong?: boolean}[],
 *   places: Object<string, string>, progress?: string, lines?: string[], neighbours?: {number: string, address: string, distance_m: number}[], open_doors: number[], across?: Object<string, string>, marks?: number[], offline: boolean, strips: string[], courier?: string, pad?: string,
 *   access: Object<string, boolean>, dim?: boolean, quiet?: boolean, reminds?: boolean, seconds?: number, spoken?: string, aloud?: Object<string, string>,
 * }} View
 * @typedef {{number: number, module: number, row: number, side: string, inner: {width_mm: number, height_mm: number}}} Cell
 * @typedef {{number: string, address: string, px_per_mm: number, cells: Cell[], screen: {colour?: string, logo?: string, operator?: string}, phone_qr?: {size: number, path: string}}} Site
 */

const again = 1000; // ms until the next try to reach the cabinet
const lostAfter = 3000; // ms
const touchEvery = 5000; // ms
const aliveEvery = 5000; // ms
const remindEvery = 5000; // ms
const lengths = { digits: 8, letters: 7 }; // of pickup codes: one of base 32 has a letter
const staffPress = 5000; // ms that the screen of help is pressed for, for technicians
const long = 70; // characters of a sentence
const first = new Set(['yes_taken', 'more_time', 'try_again', 'open_next', 'done', 'keep', 'confirm', 'open', 'empty']);
const modes = ['big', 'contrast', 'low', 'speech', 'slow', 'keypad'];
const loud = new Set(['P7', 'L7']); // screens that sound once
const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '⌫', '0', 'OK'];
const base32 = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ', '⌫', 'OK'];
// With all that is touched in the lower half of a screen that lies, there is room for one of these at a time.
const sheets = {
  base32: { '0–9': '0123456789', 'A–M': 'ABCDEFGHJKM', 'N–Z': 'NPQRSTVWXYZ' },
  label: { '0–9': '1234567890-.', 'A–M': 'ABCDEFGHIJKLM', 'N–Z': 'NOPQRSTUVWXYZ' },
};
const lies = matchMedia('(orientation: landscape)');
const meant = { O: '0', I: '1', L: '1' }; // in a code of base 32
const letters = [...'1234567890QWERTYUIOPASDFGHJKL-ZXCVBNM', '⌫', '.', 'OK'];
const side = new URLSearchParams(location.search).get('side') === 'back' ? '?side=back' : '';
const at = (id) => document.getElementById(id);
const typed = at('typed');
const root = document.documentElement;

let /** @type {View} */ view = null;
let /** @type {Site} */ site = null;
let events = null;
let lostTimer = 0;
let countdown = 0;
let sheet = '0–9';
let lettersWanted = false; // a courier's keyboard: wanted for labels that cannot be scanned

/** @param {View} v */
function draw(v) {
  const before = view;
  // An answer may be overtaken by what came of the next act.
  if (before && v.rev < before.rev) return;
  const fresh = !before || before.screen !== v.screen || before.text !== v.text;
  view = v;
  if (fresh) {
    typed.value = '';
    lettersWanted = false;
    sheet = '0–9';
  }
  root.lang = v.language;
  root.dataset.text = v.text;
  root.dir = v.direction;
  for (const mode of modes) root.classList.toggle(mode, !!v.access[mode]);
  root.classList.toggle('quiet', !!v.quiet);
  root.classList.toggle('reminds', !!v.reminds);
  at('sentence').textContent = v.sentence;
  at('sentence').classList.toggle('long', v.sentence.length > long);
  at('screen').textContent = v.screen;
  at('phone').toggleAttribute('hidden', v.screen !== 'C5' || !site?.phone_qr);
  at('hint').classList.toggle('home', v.screen === 'C1');
  at('places').textContent = [v.doors.length === 1 && v.places[v.doors[0]], v.progress].filter(Boolean).join(' · ');
  fill(at('lines'), [...v.lines || [], ...(v.neighbours || []).map((n) => `${n.number}, ${n.address}, ${distance(n.distance_m, v.language)}`)], (line) => element('li', line));
  fill(at('report'), v.report, reportLine);
  typed.type = v.pad === 'pin' ? 'password' : 'text';
  drawPad(v);
  fill(at('strips'), v.strips, (s) => element('p', s));
  fill(at('doors'), v.doors, (n) => element('li', String(n)));
  fill(at('items'), v.items, (item) => {
    const button = pressable(item.label, () => send('choose', item.key));
    button.dataset.item = item.key;
    if (item.look) button.dataset.look = item.look;
    return button;
  });
  fill(at('buttons'), worded(v, v.buttons), choice);
  fill(at('frame'), worded(v, v.frame), choice);
  drawMap(v);
  drawDim(v);
  count(v.seconds);
  if (fresh) sounds(v, before);
  remind(v);
  if (!before || told(v) !== told(before)) speak(v.spoken);
  else if (v.spoken) for (const strip of v.strips.filter((s) => !before.strips.includes(s))) utter(strip);
}

// What stays as it was is left alone: a finger may be on it.
function fill(parent, values, make) {
  const now = JSON.stringify(values || []);
  if (parent.dataset.now === now) return;
  const focused = parent.contains(document.activeElement) && document.activeElement.dataset.button;
  parent.dataset.now = now;
  parent.replaceChildren(...(values || []).map(make));
  if (focused) parent.querySelector(`[data-button="${CSS.escape(focused)}"]`)?.focus();
}

function element(name, text) {
  const e = document.createElement(name);
  e.textContent = text;
  return e;
}

function pressable(label, act) {
  const button = element('button', label);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

// What is wrong is told by a sign, and not by its colour alone.
function reportLine({ name, value, wrong }) {
  const line = document.createElement('div');
  line.append(element('dt', name), element('dd', (wrong ? '⚠ ' : '') + value));
  line.classList.toggle('wrong', !!wrong);
  return line;
}

const worded = (v, names) => names.map((name) => ({ name, label: v.labels[name] || name, on: !!v.access[name.replace('access_', '')] || name === 'language_' + v.language }));

function choice({ name, label, on }) {
  const button = pressable(label, () => send('press', name));
  button.dataset.button = name;
  if (name.startsWith('language_')) button.lang = name.slice('language_'.length);
  if (name.startsWith('access_') || name.startsWith('language_')) button.setAttribute('aria-pressed', String(on));
  button.classList.toggle('on', on);
  button.classList.toggle('first', first.has(name));
  return button;
}

const distance = (m, language) => m < 1000
  ? new Intl.NumberFormat(language, { style: 'unit', unit: 'meter' }).format(Math.round(m / 10) * 10)
  : new Intl.NumberFormat(language, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 1 }).format(m / 1000);

/** @param {View} v */
function drawPad(v) {
  const parts = v.access.low && lies.matches && sheets[v.pad];
  const some = (all) => (parts ? [...parts[sheet], ...Object.keys(parts), '⌫', 'OK'] : all);
  const keyboard = { digits, base32: some(base32), pin: digits, label: lettersWanted && some(letters), cell: lettersWanted && digits }[v.pad];
  at('pad').hidden = !keyboard;
  at('keyboard').hidden = v.pad !== 'label' && v.pad !== 'cell';
  document.querySelector('main').classList.toggle('numbered', v.pad !== 'cell');
  document.querySelector('main').classList.toggle('typing', !!keyboard);
  at('keys').classList.toggle('letters', !!keyboard && v.pad === 'label');
  at('keys').classList.toggle('base32', v.pad === 'base32');
  fill(at('keys'), keyboard || [], key);
  if (!parts) return;
  for (const tab of at('keys').children) {
    if (!(tab.textContent in parts)) continue;
    tab.classList.toggle('on', tab.textContent === sheet);
    tab.setAttribute('aria-pressed', String(tab.textContent === sheet));
  }
}

function key(name) {
  const button = element('button', name);
  button.type = 'button';
  // A key acts as the finger comes down; a click without one is of a keyboard or a reader.
  button.addEventListener('pointerdown', (e) => { e.preventDefault(); button.classList.add('pressed'); type(name); });
  for (const end of ['pointerup', 'pointerleave', 'pointercancel']) button.addEventListener(end, () => button.classList.remove('pressed'));
  button.addEventListener('click', (e) => { if (e.detail === 0) type(name); });
  return button;
}

function type(name) {
  if (!view?.pad) return;
  switch (name) {
    case 'OK': return submit();
    case '0–9': case 'A–M': case 'N–Z': return turnTo(name);
    case '⌫': typed.value = typed.value.slice(0, -1); return;
  }
  typed.value += view.pad === 'base32' ? meant[name] || name : name;
  // A whole pickup code needs no OK.
  if ((view.pad === 'digits' || view.pad === 'base32') && typed.value.length === (/[A-Z]/.test(typed.value) ? lengths.letters : lengths.digits)) submit();
}

function turnTo(name) {
  const byKeys = onKey();
  sheet = name;
  drawPad(view);
  if (byKeys) [...at('keys').children].find((k) => k.textContent === name)?.focus();
}

function submit() {
  const text = typed.value;
  typed.value = '';
  if (text) send('keys', text);
}

// The doors of the operation, the others that stand open, what a courier is to take out, and at the loading side what goes on at the other.
/** @param {View} v */
function drawMap(v) {
  const across = v.across || {};
  const marks = v.marks || [];
  at('say').classList.toggle('doors', v.doors.length > 0 && v.screen !== 'C5');
  at('say').classList.toggle('across', v.doors.length === 0 && at('pad').hidden && Object.keys(across).length + marks.length > 0);
  for (const cell of at('map').querySelectorAll('.cell')) {
    const number = Number(cell.dataset.cell);
    const door = v.doors.includes(number);
    const ajar = !door && v.open_doors.includes(number);
    cell.classList.toggle('door', door);
    cell.classList.toggle('ajar', ajar);
    const mark = marks.includes(number);
    cell.classList.toggle('mark', mark);
    if (across[number]) cell.dataset.across = across[number];
    else delete cell.dataset.across;
    cell.textContent = door || ajar || mark || across[number] ? cell.dataset.cell : '';
  }
}

// The cabinet stands there as its modules do, each to its measure: from behind, the last is at the left.
function drawSite() {
  root.style.setProperty('--mm', site.px_per_mm + 'px');
  at('place').textContent = [site.screen.operator, site.number, site.address].filter(Boolean).join(' · ');
  at('logo').hidden = !site.screen.logo;
  if (site.screen.logo) at('logo').src = site.screen.logo;
  if (site.screen.colour) {
    root.style.setProperty('--brand', site.screen.colour);
    root.style.setProperty('--on-brand', lightness(site.screen.colour) > 0.18 ? '#000' : '#fff');
  }
  if (site.phone_qr) drawPhone(site.phone_qr);
  const modules = new Map();
  for (const cell of site.cells) {
    const rows = modules.get(cell.module) || modules.set(cell.module, new Map()).get(cell.module);
    (rows.get(cell.row) || rows.set(cell.row, []).get(cell.row)).push(cell);
  }
  let wide = 0;
  let high = 0;
  const asSeen = (things) => side ? things.toReversed() : things;
  at('map').replaceChildren(...asSeen([...modules.values()]).map((rows) => {
    const module = document.createElement('div');
    module.className = 'module';
    const width = Math.max(...[...rows.values()].map((cells) => cells.reduce((sum, c) => sum + (c.inner.width_mm || 400), 0)));
    let height = 0;
    for (const cells of rows.values()) {
      const row = document.createElement('div');
      row.className = 'row';
      const tall = Math.max(...cells.map((c) => c.inner.height_mm || 100));
      row.style.flex = `${tall} 1 0`;
      height += tall;
      for (const c of asSeen(cells)) {
        const cell = document.createElement('div');
        cell.className = 'cell';
        cell.dataset.cell = String(c.number);
        row.append(cell);
      }
      module.append(row);
    }
    module.style.flex = `${width} 1 0`;
    wide += width;
    high = Math.max(high, height);
    return module;
  }));
  at('map').style.aspectRatio = `${wide} / ${high}`;
  if (view) drawMap(view);
}

// A telephone that is held before it calls the support.
function drawPhone({ size, path }) {
  const [ground, squares] = at('phone').children;
  at('phone').setAttribute('viewBox', `0 0 ${size} ${size}`);
  ground.setAttribute('d', `M0 0h${size}v${size}H0z`);
  squares.setAttribute('d', path);
}

// lightness is the relative luminance of #rrggbb, as WCAG has it.
function lightness(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function drawDim(v) {
  const veil = at('veil');
  if (!v.dim) return veil?.remove();
  typed.value = '';
  if (veil) return;
  const made = element('button', '');
  made.id = 'veil';
  made.setAttribute('aria-label', v.sentence);
  made.addEventListener('click', () => send('touch', ''));
  document.body.append(made);
}

function count(seconds) {
  clearInterval(countdown);
  at('seconds').hidden = !seconds;
  if (!seconds) return;
  const end = performance.now() + seconds * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    at('seconds').textContent = left >= 60 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}` : String(left);
  };
  show();
  countdown = setInterval(show, 250);
}

// A page that calls for somebody sounds, but not at night.
function sounds(v, before) {
  if (v.text === 'mistyped') {
    at('pad').classList.remove('shake');
    requestAnimationFrame(() => at('pad').classList.add('shake'));
  }
  if (before && (loud.has(v.screen) && !v.quiet || v.text === 'staff_sound')) beep();
}

// What is read aloud anew when it changes: not a time that runs down.
const told = (v) => JSON.stringify([v.screen, v.text, v.sentence, v.language, v.lines, v.items, v.buttons, v.access, !v.spoken]);

// The cabinet says what is read aloud, and by that whether anything is. What was said before is cut short.
function speak(text) {
  window.speechSynthesis?.cancel();
  if (text) utter(text);
}

function utter(text) {
  if (!window.speechSynthesis) return;
  const said = new SpeechSynthesisUtterance(text);
  said.lang = root.lang;
  window.speechSynthesis.speak(said);
}

let reminder = 0;

// Who is called is called again and again, by day; at night by light and colour alone.
function remind(v) {
  const calls = !!v.reminds && !v.quiet;
  if (calls === !!reminder) return;
  clearInterval(reminder);
  reminder = calls ? setInterval(beep, remindEvery) : 0;
  if (calls) beep();
}

let sound = null;

function beep() {
  try {
    sound ||= new AudioContext();
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    volume.gain.value = 0.15;
    tone.frequency.value = 880;
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.25);
  } catch {
    // A cabinet without a loudspeaker shows all the same.
  }
}

async function send(what, text) {
  try {
    const answer = await fetch(what + side, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
    });
    const body = await answer.json();
    if (answer.ok) draw(body);
    else at('sentence').textContent = body.detail;
  } catch {
    losing();
    setTimeout(listen, again);
  }
}

// Without the cabinet nothing is known, so after a while nothing is offered.
function losing() {
  lostTimer ||= setTimeout(() => {
    at('sentence').textContent = wait();
    draw({
      ...view, screen: 'C4', text: 'lost', sentence: wait(), language: root.lang || 'en', direction: root.dir || 'ltr', buttons: [], frame: [],
      labels: {}, items: [], doors: [], places: {}, progress: '', lines: [], report: [], neighbours: [], open_doors: [], across: {}, offline: false, strips: [], pad: '', access: view?.access || {}, seconds: 0, dim: false, reminds: false,
      spoken: view?.spoken ? wait() : '', aloud: {},
    });
  }, view ? lostAfter : 0);
}

// The one text that the page has to have when the cabinet is away; until its first view that is in the page itself.
let waiting = at('sentence').textContent;
const wait = () => waiting;

// The first event is the whole view. The browser connects again by itself, unless it has given up.
function listen() {
  if (events) events.close();
  const mine = events = new EventSource('events' + side);
  mine.onmessage = (e) => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    const v = JSON.parse(e.data);
    waiting = v.wait || waiting;
    draw(v);
  };
  mine.onopen = () => { if (view) view.rev = 0; }; // the program may have begun anew
  mine.addEventListener('site', (e) => {
    site = JSON.parse(e.data);
    drawSite();
  });
  mine.onerror = () => {
    losing();
    if (mine.readyState === EventSource.CLOSED) setTimeout(listen, again);
  };
}

// What can be reached without a finger, in the order of the page.
const reachable = () => [...document.querySelectorAll('#keys.base32 button, #items button, #buttons button, footer button')].filter((b) => b.checkVisibility());

function move(by) {
  const all = reachable();
  const now = Math.max(all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)), by < 0 ? 0 : -1);
  const next = all[(now + by + all.length) % all.length];
  if (!next) return;
  next.focus();
  if (view.spoken) speak(view.aloud?.[next.dataset.button] || next.textContent);
}

// A key of the screen that was moved to: a keypad types the letters of a code by it.
const onKey = () => document.activeElement.closest('#keys.base32') !== null;

// A keypad without letters does it all: digits type, or choose by their place where nothing is typed; + and - move, Enter
// presses, * has the access modes, / the help.
function keyDown(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || !view) return;
  if (view.dim) {
    e.preventDefault();
    return send('touch', '');
  }
  const onButton = document.activeElement instanceof HTMLButtonElement && document.activeElement.id !== 'veil';
  const mirrored = root.dir === 'rtl' && !onKey();
  const does = {
    '+': () => move(1), ArrowDown: () => move(1), ArrowRight: () => move(mirrored ? -1 : 1),
    '-': () => move(-1), ArrowUp: () => move(-1), ArrowLeft: () => move(mirrored ? 1 : -1),
    '*': () => send('press', view.frame.includes('access') ? 'access' : 'back'),
    '/': () => send('press', view.frame.includes('help') ? 'help' : 'back'),
    Backspace: () => type('⌫'), Delete: () => type('⌫'), Escape: () => send('press', 'back'),
    Enter: () => (typed.value && !onKey() ? submit() : onButton && document.activeElement.click()),
  }[e.key];
  if (view.screen === 'C5' && e.key === '0') {
    if (!e.repeat) staffWaits();
  } else if (view.pad === 'label' && /^[A-Za-z0-9.-]$/.test(e.key) || view.pad === 'cell' && /^[0-9]$/.test(e.key)) {
    lettersWanted = true;
    drawPad(view);
    type(e.key);
  } else if (does) does();
  else if (view.pad && /^[A-Za-z0-9]$/.test(e.key)) type(e.key.toUpperCase());
  else if (/^[1-9]$/.test(e.key)) document.querySelectorAll('#items button, #buttons button')[Number(e.key) - 1]?.click();
  else return;
  e.preventDefault();
}

// Technicians press the screen of help for long, beside its buttons; with a keypad, its 0.
let staffTimer = 0;

function staffWaits() {
  clearTimeout(staffTimer);
  if (view?.screen === 'C5') staffTimer = setTimeout(() => send('press', 'staff'), staffPress);
}

const staffEnds = () => clearTimeout(staffTimer);

let touchedAt = -touchEvery;

function touched() {
  if (performance.now() - touchedAt < touchEvery || view?.dim) return;
  touchedAt = performance.now();
  send('touch', '');
}

at('keyboard').addEventListener('click', () => {
  lettersWanted = !lettersWanted;
  drawPad(view);
});
lies.addEventListener('change', () => view && drawPad(view));
addEventListener('keydown', keyDown);
addEventListener('keydown', touched);
addEventListener('pointerdown', touched);
addEventListener('pointerdown', (e) => { if (!e.target.closest('button')) staffWaits(); });
for (const end of ['pointerup', 'pointercancel', 'keyup', 'blur']) addEventListener(end, staffEnds);
addEventListener('contextmenu', (e) => e.preventDefault());
// Else the pad would shake anew whenever it is shown again.
at('pad').addEventListener('animationend', () => at('pad').classList.remove('shake'));
at('pad').addEventListener('submit', (e) => { e.preventDefault(); submit(); });

// What is touched with low reach stands between the middle of the glass and the footer.
const footer = document.querySelector('footer');
new ResizeObserver(() => root.style.setProperty('--foot', footer.offsetHeight + 'px')).observe(footer);

// A page that draws says so: the cabinet starts a browser anew that does not.
const alive = () => requestAnimationFrame(() => fetch('alive', { method: 'POST' }).catch(() => {}));
alive();
setInterval(alive, aliveEvery);

const clock = () => { at('clock').textContent = new Date().toLocaleTimeString(root.lang || [], { hour: '2-digit', minute: '2-digit' }); };
clock();
setInterval(clock, 1000);

listen();
