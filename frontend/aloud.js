// Reading aloud by the browser's own voice; the button stays hidden where there is none.
const sentences = (text) => text.match(/[^。！？；.!?\n]+[。！？；.!?]?/g)?.map((part) => part.trim()) ?? [];

export function readAloud() {
  const speech = window.speechSynthesis;
  if (!speech) {
    return;
  }
  const buttons = [...document.querySelectorAll('[data-say]')];
  const show = () => {
    if (speech.getVoices().length) {
      buttons.forEach((button) => (button.hidden = false));
      document.querySelectorAll('[data-say-row]').forEach((row) => (row.hidden = false));
    }
  };
  const mark = (on) =>
    buttons.forEach((button) => {
      const words = button.querySelector('span');
      button.dataset.start ??= words.textContent;
      words.textContent = on ? button.dataset.stop : button.dataset.start;
      button.setAttribute('aria-pressed', String(on));
    });
  const stop = () => {
    speech.cancel();
    mark(false);
  };
  const start = () => {
    const parts = sentences(document.getElementById('main').innerText).filter(Boolean);
    mark(parts.length > 0);
    parts.forEach((part, index) => {
      const utterance = new SpeechSynthesisUtterance(part); // sentence by sentence: some voices stop after 15 seconds
      utterance.lang = document.documentElement.lang.startsWith('zh') ? 'zh-CN' : document.documentElement.lang;
      utterance.rate = 0.95;
      utterance.onend = () => index === parts.length - 1 && mark(false);
      speech.speak(utterance);
    });
  };
  buttons.forEach((button) => {
    button.onclick = () => (speech.speaking || speech.pending ? stop() : start());
  });
  show();
  speech.addEventListener?.('voiceschanged', show);
  window.addEventListener('pagehide', () => speech.cancel());
}
