// Every drawing of the interface, on a grid of 24; the build joins them into one sprite. Add a line to add an icon.
export const icons = {
  bad: '<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM12 7.5v5.5M12 16.2v.1"/>',
  bell: '<path d="M5.5 17.5c1.5-2 1.5-4 1.5-7a5 5 0 0110 0c0 3 0 5 1.5 7zM10 20.5h4"/>',
  book: '<path d="M12 6.5C10 5 7 4.5 3.5 5v13c3.5-.5 6.5 0 8.5 1.5 2-1.5 5-2 8.5-1.5V5C17 4.5 14 5 12 6.5zM12 6.5v13"/>',
  cal: '<rect x="3.5" y="5" width="17" height="15.5" rx="1.5"/><path d="M3.5 10h17M8 3v4M16 3v4"/>',
  cam: '<path d="M3.5 7.5h4L9 5h6l1.5 2.5h4v12h-17z"/><circle cx="12" cy="13" r="3.5"/>',
  chart: '<path d="M4 20.5h16.5M6.5 17v-5M11.5 17V6M16.5 17V9"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
  copy: '<rect x="8" y="8" width="12" height="12.5" rx="1"/><path d="M16 8V3.5H4V16h4"/>',
  desk: '<rect x="3" y="4.5" width="18" height="12" rx="1.5"/><path d="M9 20.5h6M12 16.5v4"/>',
  down: '<path d="M5 9l7 7 7-7"/>',
  ear: '<path d="M4 14v-2a8 8 0 0116 0v2M4 14h3.5v6H4zM16.5 14H20v6h-3.5z"/>',
  exit: '<path d="M14 4H5v16h9M10 12h11M17.5 8l3.5 4-3.5 4"/>',
  eye: '<path d="M2.5 12c2.5-4.5 5.7-6.5 9.5-6.5s7 2 9.5 6.5c-2.5 4.5-5.7 6.5-9.5 6.5s-7-2-9.5-6.5z"/><circle cx="12" cy="12" r="3"/>',
  file: '<path d="M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5M9 12.5h6M9 16h6"/>',
  flag: '<path d="M5.5 21V4M5.5 4.5h12l-2.5 4 2.5 4h-12"/>',
  globe:
    '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c3 2.5 4 5.2 4 8.5s-1 6-4 8.5c-3-2.5-4-5.2-4-8.5s1-6 4-8.5z"/>',
  half: '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17" /><path d="M12 5.5a6.5 6.5 0 010 13z" fill="currentColor"/>',
  heart: '<path d="M12 20C5 15.5 3.5 12 3.5 9a4.5 4.5 0 018.5-2 4.5 4.5 0 018.5 2c0 3-1.5 6.5-8.5 11z"/>',
  home: '<path d="M4 11l8-7 8 7v9h-5v-6H9v6H4z"/>',
  info: '<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.5v.1"/>',
  key: '<circle cx="8" cy="15.5" r="4.5"/><path d="M11.3 12.2L20 3.5M16.5 7l3 3"/>',
  left: '<path d="M15 5l-7 7 7 7"/>',
  list: '<path d="M8.5 6h12M8.5 12h12M8.5 18h12M4 6h.1M4 12h.1M4 18h.1"/>',
  lock: '<rect x="5" y="10.5" width="14" height="10" rx="1.5"/><path d="M8 10.5V8a4 4 0 018 0v2.5"/>',
  mail: '<rect x="3" y="5" width="18" height="14" rx="1.5"/><path d="M3.5 6.5L12 13l8.5-6.5"/>',
  medal: '<circle cx="12" cy="9" r="5.5"/><path d="M8.5 13.5L7 21l5-2.5 5 2.5-1.5-7.5"/>',
  minus: '<path d="M5 12h14"/>',
  more: '<path d="M5 12h.1M12 12h.1M19 12h.1"/>',
  off: '<path d="M3 9.5a14 14 0 016-3.3M13.5 6a14 14 0 017.5 3.5M6.5 13.5a9 9 0 013-1.9M15 12.2a9 9 0 012.5 1.3M12 18.5v.1M4 3.5l16 17"/>',
  ok: '<circle cx="12" cy="12" r="9"/><path d="M8 12.3l2.8 2.8L16 9.5"/>',
  org: '<rect x="9" y="3.5" width="6" height="4.5"/><rect x="3" y="16" width="6" height="4.5"/><rect x="15" y="16" width="6" height="4.5"/><path d="M12 8v4M6 16v-4h12v4"/>',
  pen: '<path d="M4 20l1-5L16.5 3.5l4 4L9 19z"/>',
  phone: '<rect x="7" y="2.5" width="10" height="19" rx="2"/><path d="M11 18.5h2"/>',
  pin: '<path d="M12 21c5-5.5 7-8.5 7-11.5a7 7 0 00-14 0c0 3 2 6 7 11.5z"/><circle cx="12" cy="9.5" r="2.5"/>',
  play: '<path d="M7.5 4.5v15l12-7.5z"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  print: '<path d="M7 8.5V3.5h10v5M7 17H3.5V8.5h17V17H17"/><path d="M7 14h10v6.5H7z"/>',
  right: '<path d="M9 5l7 7-7 7"/>',
  rise: '<path d="M5 15l7-7 7 7"/>',
  save: '<path d="M12 3.5v12M7 11l5 5 5-5M4 20.5h16"/>',
  say: '<path d="M4 9.5v5h3.5l5 4v-13l-5 4zM16 9a4.5 4.5 0 010 6M18.5 6.5a8 8 0 010 11"/>',
  search: '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/>',
  sign: '<path d="M3.5 20.5h17M5 15.5c3-8 6-11 7.5-9.5s-1.5 7-3.5 8.5 3-3.5 4.5-2-.5 3 1 3 2-1.5 4-1.5"/>',
  size: '<path d="M3 19L8.5 5 14 19M5 14.5h7M15 19l3.2-8 3.3 8M16.3 16.5h4"/>',
  swap: '<path d="M4 8.5h15l-4-4M20 15.5H5l4 4"/>',
  tick: '<path d="M5 12.5l4.5 4.5L19 7"/>',
  trash: '<path d="M4 6.5h16M9 6.5V4h6v2.5M6.5 6.5l.8 14h9.4l.8-14M10 10.5v6M14 10.5v6"/>',
  undo: '<path d="M4 9.5h10a5.5 5.5 0 010 11H8M8.5 5L4 9.5 8.5 14"/>',
  up: '<path d="M12 16V4M7 8.5l5-5 5 5M4 20.5h16"/>',
  user: '<circle cx="12" cy="8" r="4"/><path d="M4 20.5c.8-4.5 4-6.5 8-6.5s7.2 2 8 6.5"/>',
  users:
    '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 19.5c.6-4 3.2-5.5 6.5-5.5s5.9 1.5 6.5 5.5M15.5 5.2a3.5 3.5 0 010 6.6M17.5 14.2c2.3.6 3.7 2.3 4 5.3"/>',
  wait: '<path d="M7 3.5h10M7 20.5h10M8 3.5c0 5 8 6 8 8.5s-8 3.5-8 8.5M16 3.5c0 5-8 6-8 8.5s8 3.5 8 8.5"/>',
  warn: '<path d="M12 3.5l9.5 16.5h-19zM12 10v4.5M12 17.2v.1"/>',
  x: '<path d="M6 6l12 12M18 6L6 18"/>',
  zoom: '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21M10.5 7.5v6M7.5 10.5h6"/>',
};

const book = 'M15 9.5c-2.3-1.7-5-2-8-1.7v12.5c3-.3 5.7 0 8 1.7 2.3-1.7 5-2 8-1.7V7.8c-3-.3-5.7 0-8 1.7z';
const tick = 'M10.8 14.5l3.2 3.2 5.5-5.7';

function markOf(ground, page) {
  return (
    `<rect width="30" height="30" rx="6" fill="${ground}" stroke="none"/><path d="${book}" fill="${page}" stroke="none"/>` +
    `<path d="${tick}" fill="none" stroke="${ground}" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>`
  );
}

// The product's own mark, an open book with a tick, on red and (for the red panel of the sign-in page) on white.
const marks = { mark: markOf('#9b1c1c', '#fff'), 'mark-light': markOf('#fff', '#9b1c1c') };

export function sprite() {
  const symbols = [
    ...Object.entries(icons).map(([name, drawing]) => `<symbol id="i-${name}" viewBox="0 0 24 24">${drawing}</symbol>`),
    ...Object.entries(marks).map(([name, drawing]) => `<symbol id="i-${name}" viewBox="0 0 30 30">${drawing}</symbol>`),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;
}

export function favicon() {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 30">${marks.mark}</svg>`;
}
