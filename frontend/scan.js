// 扫码签到 in the page. What the camera sees is looked at on this phone and goes nowhere; only an address of this
// site's door is followed. Browsers that read codes themselves do it, the others fetch a reader when the camera is on.
const EVERY = 200; // milliseconds between two looks
const HINT = 12000; // without a code for so long: how to hold the phone

// The path to follow for what a code says, or null. `door` is where codes lead ("/d/"), `sites` the origins that are ours.
function pathOf(text, door, sites) {
  let found;
  try {
    found = new URL(text);
  } catch {
    return null;
  }
  const code = found.pathname.startsWith(door) ? found.pathname.slice(door.length) : '';
  return sites.includes(found.origin) && /^[\w.-]{10,40}$/.test(code) ? door + code : null;
}

async function reader() {
  const own = await window.BarcodeDetector?.getSupportedFormats().catch(() => []);
  const { BarcodeDetector } = own?.includes('qr_code') ? window : await import('qr/decode.js');
  return new BarcodeDetector({ formats: ['qr_code'] });
}

function scanner(page) {
  const video = page.querySelector('video');
  const again = page.querySelector('[data-scan-again]');
  const sites = [location.origin, new URL(page.dataset.site).origin];
  let stream = null;
  let timer = 0;

  const tell = (name) => {
    for (const words of page.querySelectorAll('[data-scan-say]')) {
      words.hidden = words.dataset.scanSay !== name;
    }
  };
  const stop = (name) => {
    clearTimeout(timer);
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = true;
    again.hidden = !navigator.mediaDevices;
    tell(name);
  };
  const seen = (codes) => {
    const path = codes.map(({ rawValue }) => pathOf(rawValue, page.dataset.scan, sites)).find(Boolean);
    if (path) {
      stop('found');
      location.assign(path);
    } else if (codes.length) {
      tell('foreign');
    }
    return Boolean(path);
  };

  async function look(detector, until) {
    if (!stream) {
      return;
    }
    const codes = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await detector.detect(video).catch(() => []) : [];
    if (stream && !seen(codes)) {
      if (Date.now() > until) {
        tell('hint');
      }
      timer = setTimeout(look, EVERY, detector, until);
    }
  }

  async function start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      stop('none'); // an old browser, or an address without https
      return;
    }
    again.hidden = true;
    tell('asking');
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
    } catch ({ name }) {
      stop({ NotAllowedError: 'refused', NotReadableError: 'busy' }[name] ?? 'none');
      return;
    }
    try {
      const detector = await reader();
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      tell('looking');
      look(detector, Date.now() + HINT);
    } catch {
      stop('line');
    }
  }

  again.onclick = start;
  addEventListener('pagehide', () => stream && stop('paused'));
  start();
}

const page = document.querySelector('[data-scan]');
if (page) {
  scanner(page);
}
