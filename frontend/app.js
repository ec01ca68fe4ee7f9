// Small helps on every page; pages that renew themselves load live.js besides. Every page works without script.
import { readAloud } from './aloud.js';

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

// What a selector's elements are helped with, now and whenever htmx brings more of them: work.js and study.js add theirs.
export function help(kinds) {
  const helped = new WeakSet(); // htmx tells of the whole page once more than we need
  const enhance = (root) => {
    for (const [selector, aid] of Object.entries(kinds)) {
      for (const element of [root, ...root.querySelectorAll(selector)]) {
        if (element.matches?.(selector) && !helped.has(element)) {
          helped.add(element);
          aid(element);
        }
      }
    }
  };
  enhance(document);
  document.addEventListener('htmx:load', ({ target }) => enhance(target));
}

// The rest of the style sheet, once this page stands: the next page finds it in the cache.
function fetchLater() {
  const rest = document.querySelector('meta[name="later"]')?.content;
  if (rest) {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'prefetch', as: 'style', href: rest }));
  }
}

help({
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
});
addEventListener('load', () => {
  readAloud(); // asking for the voices would hold up the first paint
  setTimeout(fetchLater, 500);
});
