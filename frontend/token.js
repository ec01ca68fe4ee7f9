// The CSRF token of this page, for requests that are not plain forms.
export const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? '';
