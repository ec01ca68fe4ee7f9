// The door. On the large screen: clock, countdown, wake lock, and no stale code when the line breaks (htmx renews
// the rest). In the chair's list: <form data-tick> goes out at once, or waits on this phone until the line is back.

const QUIET = 4000; // milliseconds since the last touch, before a list changes its order
const STALE = 20; // seconds without news after which the code on the screen would be refused

function stage() {
  const clock = document.querySelector('[data-stage-clock]');
  const line = document.querySelector('[data-stage-line]');
  const full = document.querySelector('[data-stage-full]');
  let heard = Date.now();
  let lock = null;

  const awake = async () => {
    if (document.visibilityState === 'visible' && 'wakeLock' in navigator) {
      lock = await navigator.wakeLock.request('screen').catch(() => null);
    }
  };
  const say = (good) => {
    const words = good ? line.dataset.good : line.dataset.bad;
    if (line.textContent !== words) {
      line.textContent = words;
    }
  };
  const show = () => {
    const age = (Date.now() - heard) / 1000;
    say(age < 8);
    clock.hidden = false;
    clock.textContent = new Date().toLocaleTimeString('zh-CN', { hour: 'numeric', minute: '2-digit', hour12: false });
    const part = document.getElementById('stage');
    const text = part?.querySelector('.pb-ring text');
    if (text && part.dataset.left) {
      part.dataset.shown ??= String(Date.now());
      const left = Math.max(0, Number(part.dataset.left) - Math.floor((Date.now() - Number(part.dataset.shown)) / 1000));
      text.textContent = String(left);
      part.querySelector('.pb-ring .on')?.setAttribute('stroke-dasharray', `${(100 * left) / 15} 100`);
    }
    for (const [name, hidden] of [
      ['code', age >= STALE],
      ['lost', age < STALE],
    ]) {
      const element = part?.querySelector(`[data-stage-${name}]`);
      if (element) {
        element.hidden = hidden;
      }
    }
  };
  document.addEventListener('htmx:afterRequest', ({ detail }) => {
    if (detail.xhr.status >= 200 && detail.xhr.status < 300) {
      heard = Date.now();
    }
    show();
  });
  document.addEventListener('visibilitychange', () => lock?.released !== false && awake());
  if (document.documentElement.requestFullscreen) {
    full.hidden = false;
    full.onclick = () => document.body.requestFullscreen().catch(() => {});
  }
  awake();
  show();
  setInterval(show, 1000);
}

// Kept on this phone: of each tick its own id, the row, what happened and when; no names.
function list(page) {
  const store = `pb-door-${page.dataset.door}-${page.dataset.who}`;
  const kept = () => JSON.parse(localStorage.getItem(store) ?? '[]');
  const keep = (all) => (all.length ? localStorage.setItem(store, JSON.stringify(all)) : localStorage.removeItem(store));
  const status = page.querySelector('[data-queue]');
  const person = (row) => page.querySelector(`[data-person="${row}"]`);
  let sending = Promise.resolve();

  const tell = (text) => {
    status.hidden = !text;
    status.querySelector('[data-queue-text]').textContent = text;
  };
  const count = () => kept().length && tell(page.dataset.waiting.replace('{count}', kept().length));
  const clash = (answer) => {
    const item = document.createElement('li');
    item.textContent = [answer.name, answer.sentence, answer.by].filter(Boolean).join(' · ');
    page.querySelector('[data-clash-list]').append(item);
    page.querySelector('[data-clashes]').hidden = false;
  };
  const flip = (row, act, words) => {
    const item = person(row);
    if (!item) {
      return;
    }
    item.querySelector('[data-state]').textContent = words;
    const button = item.querySelector('[data-tick] button');
    if (button) {
      const next = act === 'absent' ? 'in' : 'absent';
      button.dataset.first ??= JSON.stringify([button.value, button.textContent]);
      const [value, text] = JSON.parse(button.dataset.first);
      button.value = value === act ? next : value;
      button.textContent = value === act ? page.dataset[`words${next === 'in' ? 'Came' : 'Gone'}`] : text;
    }
  };

  async function flush() {
    const records = kept().slice(0, 200);
    if (!records.length) {
      return;
    }
    let answer;
    try {
      answer = await fetch(page.dataset.door, {
        method: 'POST',
        headers: { 'X-CSRFToken': document.querySelector('meta[name="csrf-token"]').content, 'Content-Type': 'application/json' },
        body: JSON.stringify({ sent_at: new Date().toISOString(), records }),
        redirect: 'manual',
        signal: AbortSignal.timeout(15000),
      });
    } catch {
      return count();
    }
    if (!answer.ok) {
      return answer.type === 'opaqueredirect' || answer.status < 500 ? tell(page.dataset.out) : count();
    }
    const { answers } = await answer.json();
    const done = new Map(answers.map((one) => [one.record_id, one]));
    keep(kept().filter((one) => !done.has(one.record_id)));
    for (const one of records) {
      const said = done.get(one.record_id);
      if (said?.result === 'conflict' || said?.result === 'rejected') {
        clash(said);
      } else if (said && !kept().some((other) => other.row === one.row)) {
        const state = person(one.row)?.querySelector('[data-state]');
        if (state) {
          state.textContent = page.dataset.wordsDone;
        }
      }
    }
    if (kept().length) {
      count();
    } else {
      tell(page.dataset.sent);
    }
  }
  const send = () => (sending = sending.then(flush));

  const words = (act) => page.dataset[`words${act[0].toUpperCase()}${act.slice(1)}`] ?? '';
  const refill = () => kept().forEach(({ row, act }) => flip(row, act, words(act)));

  page.addEventListener('submit', (event) => {
    const form = event.target.closest('[data-tick]');
    const act = event.submitter?.value;
    if (!form || !act || typeof crypto.randomUUID !== 'function') {
      return; // an ordinary form then
    }
    event.preventDefault();
    const row = Number(form.elements.row.value);
    keep([...kept(), { record_id: crypto.randomUUID(), row, act, told_at: new Date().toISOString() }]);
    flip(row, act, words(act));
    send();
  });
  window.addEventListener('online', send);
  setInterval(() => kept().length && send(), 10000);

  // The list renews itself, but not under the finger; ticks that wait are shown over what came.
  let touched = 0;
  page.addEventListener('pointerdown', () => (touched = Date.now()));
  page.addEventListener('keydown', () => (touched = Date.now()));
  document.addEventListener('htmx:beforeSwap', ({ detail }) => {
    detail.shouldSwap &&= Date.now() - touched > QUIET;
  });
  document.addEventListener('htmx:load', refill);
  refill();
  send();
}

if (document.querySelector('[data-stage-clock]')) {
  stage();
}
const page = document.querySelector('[data-door]');
if (page) {
  list(page);
}
