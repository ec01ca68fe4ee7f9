// [data-desk]: the keys J K A R X U and the space bar press what carries their letter (data-key), never inside a
// field, and a swipe to the left or right turns to the next or the previous claim. The keys can be switched off (WCAG
// 2.1.4); that is kept on this device.
const KEPT = 'pb-desk-keys';
const FAR = 80; // pixels

const off = () => localStorage.getItem(KEPT) === 'off';
const within = (selector) => document.querySelector(`[data-desk] ${selector}`);

function nextPhoto() {
  const thumbs = [...document.querySelectorAll('[data-desk] [data-thumb]')];
  const at = thumbs.findIndex((thumb) => thumb.hasAttribute('aria-current'));
  thumbs[(at + 1) % thumbs.length]?.click();
}

function press(key) {
  const wanted = within(`[data-key="${key}"]`);
  const reason = within('[name="reason"]');
  if (wanted && (key === 'r' || key === 'x') && reason && !reason.value.trim()) {
    reason.focus(); // returning and refusing need a word first
    return;
  }
  if (wanted && !wanted.disabled) {
    wanted.click();
  }
}

// Somebody was faster: the answer says who, beside what waits now.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.xhr.status === 409 && detail.target.id === 'desk') {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

let listening = false;

function listen() {
  listening = true;
  document.addEventListener('keydown', (event) => {
    if (!within('*') || off() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
      return;
    }
    if (event.target.closest('input, textarea, select, [contenteditable]')) {
      return;
    }
    if (event.key === ' ') {
      if (!event.target.closest('a, button, summary') && within('[data-thumb]')) {
        event.preventDefault();
        nextPhoto();
      }
    } else if ('jkarxu'.includes(event.key.toLowerCase())) {
      press(event.key.toLowerCase());
    }
  });
  let start = null;
  document.addEventListener('touchstart', ({ target, touches }) => {
    start = touches.length === 1 && target.closest('[data-desk]') ? touches[0] : null;
  });
  document.addEventListener('touchend', ({ changedTouches }) => {
    if (!start) {
      return;
    }
    const [end] = changedTouches;
    const across = end.clientX - start.clientX;
    if (Math.abs(across) > FAR && Math.abs(end.clientY - start.clientY) < FAR / 2) {
      press(across < 0 ? 'j' : 'k');
    }
    start = null;
  });
}

export function desk(part) {
  if (!listening) {
    listen();
  }
  const box = part.querySelector('[data-keys]');
  if (box) {
    box.closest('[data-keys-row]').hidden = false;
    box.checked = !off();
    box.onchange = () => localStorage.setItem(KEPT, box.checked ? 'on' : 'off');
  }
}
