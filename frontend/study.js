// For lessons and quizzes: how long a lesson is looked at, answers that save themselves, the time that is left.
import { help } from './app.js';
import { autosave } from './autosave.js';
import { countdown } from './countdown.js';
import { token } from './token.js';

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

help({ 'form[data-autosave]': autosave, '[data-heartbeat]': heartbeat, '[data-countdown]': countdown });
