// [data-timetable]: a unit is dragged to another day. It is a shorter way to fill in and send the form that stands in
// the unit, which works without script and by keyboard.
export function timetable(root) {
  let dragged = null;
  root.addEventListener('dragstart', (event) => {
    dragged = event.target.closest?.('[draggable]');
    if (dragged) {
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', dragged.id);
    }
  });
  root.addEventListener('dragend', () => mark(root, null));
  root.addEventListener('dragover', (event) => {
    const day = event.target.closest?.('[data-day]');
    if (dragged && day) {
      event.preventDefault(); // it may be dropped here
      mark(root, day);
    }
  });
  root.addEventListener('drop', (event) => {
    const day = event.target.closest?.('[data-day]');
    const form = dragged?.querySelector('form[data-move]');
    if (!day || !form) {
      return;
    }
    event.preventDefault();
    mark(root, null);
    if (form.elements.day.value !== day.dataset.day) {
      form.elements.day.value = day.dataset.day;
      form.requestSubmit();
    }
  });
}

function mark(root, day) {
  for (const each of root.querySelectorAll('[data-day]')) {
    each.classList.toggle('is-over', each === day);
  }
}
