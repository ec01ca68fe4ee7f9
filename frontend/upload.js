// form[data-upload]: the form is kept as a draft first, then photos, made small on the phone, go out one by one with
// a bar each, then it is handed in. When the line breaks it waits and goes on by itself: each step may be repeated.
// Without script, or where nothing was chosen, the form is sent as it is.
const EDGE = 2000; // what the server keeps
const QUALITY = 0.85;
const PATIENCE = 120_000; // milliseconds for one step
const LONGEST_PAUSE = 30_000;

async function smaller(file) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < 400_000 || !window.createImageBitmap) {
    return file;
  }
  try {
    const image = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
    return blob && blob.size < file.size ? new File([blob], file.name, { type: 'image/jpeg' }) : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}

// One request; what never came back is an error, every answer of the server is a result.
function send(address, body, onprogress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.timeout = PATIENCE;
    request.setRequestHeader('X-Upload', '1');
    request.upload.onprogress = ({ loaded, total }) => onprogress((100 * loaded) / (total || 1));
    request.onload = () => resolve(request);
    request.onerror = request.ontimeout = () => reject(new Error('line'));
    request.send(body);
  });
}

const pause = (time) =>
  new Promise((done) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener('online', wake);
      done();
    };
    const timer = setTimeout(wake, time);
    addEventListener('online', wake);
  });

export function upload(form) {
  const input = form.querySelector('input[type="file"]');
  const said = form.querySelector('[data-said]');
  const list = form.querySelector('[data-files]');
  const row = form.querySelector('[data-row]');
  const items = [];
  let base = ''; // the address of the claim, once it is kept

  form.querySelector('[data-pick]').hidden = false;
  form.querySelector('[data-plain]').classList.add('visually-hidden');

  function add(file) {
    const part = row.content.firstElementChild.cloneNode(true);
    const item = { file, part, state: 'waiting' };
    part.querySelector('[data-name]').textContent = file.name;
    part.querySelector('[data-drop]').onclick = () => {
      items.splice(items.indexOf(item), 1);
      part.remove();
    };
    items.push(item);
    list.append(part);
  }

  function settle(item, state, why = '') {
    item.state = state;
    item.part.querySelector('[data-bar]').hidden = true;
    item.part.querySelector('[data-done]').hidden = state !== 'done';
    const place = item.part.querySelector('[data-why]');
    place.hidden = !why;
    place.textContent = why;
    item.part.querySelector('[data-drop]').hidden = state === 'done';
  }

  // A second look into the camera adds to the first instead of replacing it.
  input.onchange = () => {
    for (const file of input.files) {
      if (!items.some((known) => known.file.name === file.name && known.file.size === file.size)) {
        add(file);
      }
    }
    input.value = '';
  };

  // Once more after each break of the line; `again`: the server may have done it although its answer was lost.
  async function steady(work) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await work();
        said.textContent = '';
        return { answer, again: tries > 0 };
      } catch {
        said.textContent = form.dataset.kept;
        await pause(Math.min(1000 * 2 ** tries, LONGEST_PAUSE));
      }
    }
  }

  // What an earlier refusal said goes before the next try.
  function forget() {
    form.querySelector('[data-refusal]')?.remove();
    for (const field of form.querySelectorAll('.is-invalid')) {
      field.classList.remove('is-invalid');
      field.removeAttribute('aria-invalid');
      document.getElementById(`${field.id}-error`)?.remove();
    }
  }

  // What the form holds stays: the words of the refusal stand above it and beside the fields they are about.
  function refuse(answer) {
    const page = new DOMParser().parseFromString(answer.responseText, 'text/html');
    const version = page.querySelector('input[name="version"]');
    if (version) {
      keep(version.value);
    }
    forget();
    for (const wrong of page.querySelectorAll('.is-invalid')) {
      const field = form.querySelector(`[name="${wrong.name}"]`);
      const words = page.getElementById(`${wrong.id}-error`);
      if (field && words) {
        field.classList.add('is-invalid');
        field.setAttribute('aria-invalid', 'true');
        field.setAttribute('aria-describedby', wrong.getAttribute('aria-describedby'));
        field.after(document.adoptNode(words));
      }
    }
    const place = document.createElement('div');
    place.dataset.refusal = '';
    place.role = 'alert';
    place.tabIndex = -1;
    const said = page.querySelector('.pb-note--bad:not([data-trouble])') ?? page.querySelector('.pb-error') ?? page.body;
    place.append(document.adoptNode(said));
    form.prepend(place);
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: 'center' });
  }

  function keep(version) {
    let field = form.querySelector('input[name="version"]');
    if (!field) {
      field = Object.assign(document.createElement('input'), { type: 'hidden', name: 'version' });
      form.append(field);
    }
    field.value = version;
  }

  function taken(answer) {
    base = answer.getResponseHeader('X-Claim');
    form.action = `${base}/edit`;
    keep(answer.getResponseHeader('X-Version'));
  }

  const token = () => form.querySelector('[name="csrf_token"]').value;

  async function save() {
    const body = new FormData(form);
    body.delete(input.name);
    body.set('act', 'draft');
    const { answer } = await steady(() => send(form.action, body));
    if (answer.status !== 204) {
      refuse(answer);
      return false;
    }
    taken(answer);
    return true;
  }

  async function give(item) {
    const body = new FormData();
    body.append('csrf_token', token());
    body.append('file', await smaller(item.file), item.file.name);
    const bar = item.part.querySelector('[data-bar]');
    const moved = (percent) => (bar.value = percent);
    const { answer } = await steady(() => send(`${base}/files`, body, moved));
    if (answer.status === 204) {
      taken(answer);
      settle(item, 'done');
    } else if (answer.status === 422) {
      settle(item, 'refused', answer.responseText);
    } else {
      refuse(answer);
      return false;
    }
    return true;
  }

  async function handIn() {
    const body = new FormData();
    const version = form.querySelector('input[name="version"]').value;
    Object.entries({ csrf_token: token(), act: 'submit', version }).forEach((pair) => body.append(...pair));
    const { answer, again } = await steady(() => send(base, body));
    if (answer.status === 204 || (answer.status === 409 && again)) {
      location.assign(base);
    } else {
      refuse(answer);
    }
  }

  async function work(act) {
    items.filter((item) => item.state === 'refused').forEach((item) => item.part.querySelector('[data-drop]').click());
    if (!(await save())) {
      return;
    }
    for (const item of items.filter(({ state }) => state === 'waiting')) {
      if (!(await give(item))) {
        return;
      }
    }
    if (items.some(({ state }) => state === 'refused')) {
      said.textContent = form.dataset.some;
    } else if (act === 'submit') {
      await handIn();
    } else {
      location.assign(base);
    }
  }

  form.onsubmit = async (event) => {
    if (!items.length && !base) {
      return;
    }
    event.preventDefault();
    forget();
    const buttons = document.querySelectorAll(`button[form="${form.id}"], #${form.id} button`);
    const wait = (on) => buttons.forEach((button) => (button.disabled = on));
    wait(true);
    try {
      await work(event.submitter?.value ?? 'draft');
    } finally {
      wait(false);
    }
  };
}
