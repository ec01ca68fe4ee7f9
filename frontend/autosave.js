// A quiz answer saves itself on every change: <form data-autosave="URL" data-who="login"> with, inside it or in the
// page, <p role="status" data-saved data-saving="…" data-done="… {time}" data-kept="…" data-out="…" data-refused="…">.
// An answer that could not be sent stays in this browser, apart from those of others who use it, and goes out as soon
// as the line, or its writer, is back.
import { token } from './token.js';

const kept = (who) => {
  const store = `pb-unsent-${who}`;
  const all = () => JSON.parse(localStorage.getItem(store) ?? '{}');
  const keep = (some) =>
    Object.keys(some).length ? localStorage.setItem(store, JSON.stringify(some)) : localStorage.removeItem(store);
  const forget = (url, body) => {
    const some = all();
    if (some[url] === body) {
      delete some[url];
      keep(some);
    }
  };
  return { all, keep, forget };
};

// "done" when the server has it, "refused" when it never will, "kept" when it may later, "out" when nobody is signed in.
async function send(url, body, forget) {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'X-CSRFToken': token(), 'Content-Type': 'application/x-www-form-urlencoded' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10000),
    });
    if (answer.type === 'opaqueredirect' || answer.status === 400) {
      return 'out'; // to the entrance, or a page of another sign-in
    }
    if (answer.status >= 500 || answer.status === 429) {
      return 'kept';
    }
    forget(url, body);
    return answer.ok ? 'done' : 'refused';
  } catch {
    return 'kept';
  }
}

// The answer sheet beside the question counts it as soon as the server has it: data-answered="0" or "1" on the form.
function recount(form) {
  const now = new FormData(form).has('answer') ? 1 : 0;
  const more = now - Number(form.dataset.answered);
  form.dataset.answered = now;
  for (const count of document.querySelectorAll('[data-answered-count]')) {
    count.textContent = Number(count.textContent) + more;
  }
  for (const bar of document.querySelectorAll('.pb-progress')) {
    bar.value += more;
  }
  for (const word of document.querySelectorAll('[data-answered-word]')) {
    word.textContent = now ? word.dataset.yes : word.dataset.no;
    word.closest('button').classList.toggle('done', Boolean(now));
  }
}

export function autosave(form) {
  const status = document.querySelector('[data-saved]');
  const url = new URL(form.dataset.autosave, location).pathname;
  const { all: unsent, keep, forget } = kept(form.dataset.who);
  const say = (state) => {
    if (status) {
      const time = new Date().toLocaleTimeString('zh-CN', { hour12: false });
      status.dataset.state = state;
      status.querySelector('[data-saved-text]').textContent = status.dataset[state].replace('{time}', time);
    }
  };
  const flush = async () => {
    for (const [where, body] of Object.entries(unsent())) {
      const state = await send(where, body, forget);
      say(state);
      if (state === 'done' && where === url) {
        recount(form);
      }
    }
  };
  let line = Promise.resolve(); // one answer after the other, so that the last one wins
  form.addEventListener('change', () => {
    const data = new URLSearchParams(new FormData(form));
    data.delete('csrf_token');
    keep({ ...unsent(), [url]: data.toString() });
    say('saving');
    line = line.then(flush);
  });
  form.addEventListener('submit', () => forget(url, unsent()[url]));
  window.addEventListener('online', () => (line = line.then(flush)));
  setInterval(() => Object.keys(unsent()).length && (line = line.then(flush)), 10000);
  flush();
}
