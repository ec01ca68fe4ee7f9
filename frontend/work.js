// For the pages where people work at length: sending evidence, the desk where claims are decided, a timetable.
import { desk } from './desk.js';
import { timetable } from './timetable.js';
import { upload } from './upload.js';

const HELPS = { 'form[data-upload]': upload, '[data-desk]': desk, '[data-timetable]': timetable };
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
