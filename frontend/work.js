// For the two pages where people work at length: sending evidence, and the desk where claims are decided.
import { desk } from './desk.js';
import { upload } from './upload.js';

const HELPS = { 'form[data-upload]': upload, '[data-desk]': desk };
const helped = new WeakSet();

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

enhance(document);
document.addEventListener('htmx:load', ({ target }) => enhance(target));
