// form[data-upload]: photos are made small on the phone, then everything goes out in one request with a bar that
// moves. Without script, or where the browser cannot do it, the form is sent as it is.
const EDGE = 2000; // what the server keeps
const QUALITY = 0.85;

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

export function upload(form) {
  const input = form.querySelector('input[type="file"]');
  const bar = form.querySelector('[data-progress]');
  const said = form.querySelector('[data-said]');
  const pick = form.querySelector('[data-pick]');
  const chosen = new DataTransfer();
  if (pick) {
    pick.hidden = false;
    form.querySelector('[data-plain]').classList.add('visually-hidden');
  }
  // A second look into the camera adds to the first instead of replacing it.
  input.onchange = () => {
    for (const file of input.files) {
      if (![...chosen.files].some((known) => known.name === file.name && known.size === file.size)) {
        chosen.items.add(file);
      }
    }
    input.files = chosen.files;
    said.textContent = [...chosen.files].map((file) => file.name).join('  ');
  };
  form.onsubmit = async (event) => {
    if (!input.files.length) {
      return;
    }
    event.preventDefault();
    const buttons = document.querySelectorAll(`button[form="${form.id}"], #${form.id} button`);
    const wait = (on) => buttons.forEach((button) => (button.disabled = on));
    const body = new FormData(form, event.submitter);
    wait(true);
    bar.hidden = false;
    body.delete(input.name);
    for (const file of input.files) {
      body.append(input.name, await smaller(file), file.name);
    }
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('X-Upload', '1');
    request.upload.onprogress = ({ loaded, total }) => {
      const percent = Math.round((100 * loaded) / (total || 1));
      bar.value = percent;
      said.textContent = form.dataset.sending.replace('{percent}', percent);
    };
    request.onerror = request.ontimeout = () => {
      wait(false);
      bar.hidden = true;
      said.textContent = form.dataset.kept;
    };
    request.onload = () => {
      const next = request.getResponseHeader('X-Next');
      if (next) {
        location.assign(next);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, 'text/html');
      // What the browser holds, the chosen photos, stays: only the words of the refusal are put in its place.
      const refused = page.querySelector('.pb-note--bad, main');
      wait(false);
      bar.hidden = true;
      said.textContent = '';
      form.querySelector('[data-refusal]')?.remove();
      const place = document.createElement('div');
      place.dataset.refusal = '';
      place.append(document.adoptNode(refused));
      form.prepend(place);
      place.scrollIntoView({ block: 'center' });
    };
    request.send(body);
  };
}
