// What all modules share: texts in the page's language, delegated events, small helpers.

const texts = document.getElementById('texts')?.content

/** A text of the page's <template id="texts">, with {names} filled in. */
export function text(key, values = {}) {
  const pattern = texts?.querySelector(`[data-key="${key}"]`)?.textContent ?? key
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

/** Listen for an event on everything that matches a selector, also on what is swapped in later. */
export function on(type, selector, handler, options) {
  document.addEventListener(type, (event) => {
    const element = event.target instanceof Element ? event.target.closest(selector) : null
    if (element) handler(event, element)
  }, options)
}

/** Do something with every match, now and in all content that htmx swaps in. */
export function each(selector, setUp) {
  const within = (root) => {
    if (root.matches?.(selector)) setUp(root)
    root.querySelectorAll(selector).forEach(setUp)
  }
  within(document)
  document.addEventListener('htmx:after:settle', (event) => {
    const roots = event.detail.newContent ?? [event.target]
    for (const root of roots) if (root instanceof Element) within(root)
  })
}

/** Fetch an address and swap the answer into the element with this id. */
export function fetchInto(id, href, { source, swap = 'innerHTML', push = 'false' }) {
  // htmx.ajax() takes the header from the source's own target, the server answers by it
  const headers = { 'HX-Target': `div#${id}` }
  source?.setAttribute('aria-busy', 'true')
  return globalThis.htmx.ajax('GET', href, { target: `#${id}`, swap, source, push, headers })
    .finally(() => source?.removeAttribute('aria-busy'))
}

/** Say something to screen readers only. */
export function announce(words) {
  const place = document.getElementById('announce')
  place.textContent = ''
  setTimeout(() => { place.textContent = words }, 50)
}

/** Whether what is pressed belongs to the field that has the cursor. */
export function typing(target) {
  return target instanceof Element &&
    target.matches('input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]')
}

/** Whether somebody can see it. */
export const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null

/** Thousands as both languages write them. */
export const grouped = (number) => Number(number).toLocaleString('en')

/** A cookie that only remembers a wish of this browser. */
export function remember(name, value) {
  const secure = location.protocol === 'https:' ? '; secure' : ''
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`
}

/** Something small kept in this browser; a full or forbidden store keeps nothing. */
export const store = {
  read(key, fallback) {
    try { return JSON.parse(localStorage.getItem(key)) ?? fallback } catch { return fallback }
  },
  write(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)) } catch { /* only comfort is lost */ }
  },
}
