// data-countdown="SECONDS": counts down what is left of a quiz, says it at 5 and at 1 minute, and at the end leads to
// data-over. The server decides what came in time; this only shows it.
export function countdown(timer) {
  const ends = performance.now() + Number(timer.dataset.countdown) * 1000;
  const text = timer.querySelector('[data-countdown-text]');
  const said = document.querySelector('[data-countdown-said]');
  const saying = new Set();
  const say = (minutes) => {
    if (!saying.has(minutes)) {
      saying.add(minutes);
      said?.replaceChildren(timer.dataset.soon.replace('{minutes}', minutes));
    }
  };
  const tick = () => {
    if (!timer.isConnected) {
      clearInterval(clock);
      return;
    }
    const left = Math.max(Math.ceil((ends - performance.now()) / 1000), 0);
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    text.textContent = timer.dataset.text.replace('{time}', time);
    timer.classList.toggle('pb-timer--soon', left <= 300);
    if (left <= 60) {
      say(1);
    } else if (left <= 300) {
      say(5);
    }
    if (left === 0) {
      clearInterval(clock);
      if (timer.dataset.over && location.pathname !== timer.dataset.over) {
        location.assign(timer.dataset.over);
      }
    }
  };
  const clock = setInterval(tick, 1000);
  tick();
}
