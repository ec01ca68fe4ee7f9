// htmx, with nothing that the content security policy forbids: for pages that renew a part of themselves.
import htmx from 'htmx.org';

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  attributesToSettle: ['class', 'width', 'height'], // not style: the policy forbids to copy one
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages hold names: none of them stays in the browser's store
  refreshOnHistoryMiss: true,
  timeout: 15000,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '422', swap: true }, // a form that came back with its errors
    { code: '[45]..', swap: false, error: true },
  ],
});

document.addEventListener('htmx:configRequest', ({ detail }) => {
  detail.headers['X-CSRFToken'] = document.querySelector('meta[name="csrf-token"]')?.content ?? '';
});
