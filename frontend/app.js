// Small helps on every page; pages that renew themselves load live.js besides. Every page works without script.
import { autosave } from './autosave.js';
import { countdown } from './countdown.js';
import { readAloud } from './aloud.js';
import { token } from './token.js';

// A lost line and a refusal are said in the page; what was typed stays where it is.
const tell = (name) => {
  for (const message of document.querySelectorAll('[data-trouble]')) {
    message.hidden = message.dataset.trouble !== name;
  }
};
document.addEventListener('htmx:sendError', () => tell('line'));
document.addEventListener('htmx:timeout', () => tell('line'));
document.addEventListener('htmx:responseError', () => tell('refused'));
document.addEventListener('htmx:afterOnLoad', ({ detail }) => detail.successful && tell(''));

// data-autosubmit: a filter that applies itself; data-count: how many of a roster are ticked.
document.addEventListener('change', ({ target }) => {
  target.closest('[data-autosubmit]')?.form?.requestSubmit();
  const roster = target.closest('[data-count]');
  if (roster) {
    roster.querySelector('[data-count-now]')?.replaceChildren(String(roster.querySelectorAll(':checked').length));
  }
});

const HELPS = {
  '[data-print]': (button) => {
    button.hidden = false;
    button.onclick = () => window.print();
  },
  '[data-show-password]': (box) => {
    box.closest('[hidden]')?.removeAttribute('hidden');
    box.onchange = () => {
      document.getElementById(box.dataset.showPassword).type = box.checked ? 'text' : 'password';
    };
  },
  // The QR code of a printed slip carries name and code behind the #, where no server log sees them.
  'form[data-slip]': (form) => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of ['username', 'code']) {
      if (given.has(name)) {
        form.elements[name].value = given.get(name);
        history.replaceState(null, '', location.pathname);
      }
    }
  },
  'form[data-autosave]': autosave,
  '[data-heartbeat]': heartbeat,
  '[data-countdown]': countdown,
};
const helped = new WeakSet(); // htmx tells of the whole page once more than we need

function enhance(root) {
  for (const [selector, help] of Object.entries(HELPS)) {
    for (const element of [root, ...root.querySelectorAll(selector)]) {
      if (element.matches?.(selector) && !helped.has(element)) {
        helped.add(element);
        help(element);
      }
    }
  }
}

// data-heartbeat="URL": tells the server every 30 seconds that this lesson is being looked at, and only then.
function heartbeat(page) {
  const beat = async () => {
    if (!page.isConnected) {
      clearInterval(timer);
    } else if (document.visibilityState === 'visible') {
      await fetch(page.dataset.heartbeat, { method: 'POST', headers: { 'X-CSRFToken': token() } }).catch(() => {});
    }
  };
  const timer = setInterval(beat, 30000);
  beat();
}

// The rest of the style sheet, once this page stands: the next page finds it in the cache.
function fetchLater() {
  const rest = document.querySelector('meta[name="later"]')?.content;
  if (rest) {
    const link = Object.assign(document.createElement('link'), { rel: 'prefetch', as: 'style', href: rest });
    addEventListener('load', () => setTimeout(() => document.head.append(link), 500));
  }
}

enhance(document);
readAloud();
fetchLater();
document.addEventListener('htmx:load', ({ target }) => enhance(target));
