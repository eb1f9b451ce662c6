// F2: one box that finds people and pages. Opened without a word it offers the pages used last.
import { announce, on, text } from './dom.js'

const palette = document.getElementById('palette')
const input = document.getElementById('palette-query')
const found = document.getElementById('palette-found')
const recent = found?.innerHTML

const hits = () => [...found.querySelectorAll('[role=option]')]

export function openPalette() {
  if (!palette || palette.open) return
  palette.showModal()
  input.select()
  mark(0)
}

/** The page that was used n-th last. */
export function goRecent(number) {
  const link = palette?.querySelector(`[data-recent="${number}"]`)
  if (link) location.href = link.href
  return Boolean(link)
}

function mark(index) {
  const all = hits()
  const at = Math.min(Math.max(index, 0), all.length - 1)
  all.forEach((hit, number) => {
    hit.id ||= `hit-${number}`
    hit.setAttribute('aria-selected', String(number === at))
  })
  if (all[at]) {
    input.setAttribute('aria-activedescendant', all[at].id)
    all[at].scrollIntoView({ block: 'nearest' })
  } else {
    input.removeAttribute('aria-activedescendant')
  }
}

function key(event) {
  const at = hits().findIndex((hit) => hit.getAttribute('aria-selected') === 'true')
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    mark(at + (event.key === 'ArrowDown' ? 1 : -1))
  } else if (event.key === 'Enter') {
    event.preventDefault()
    hits()[at]?.click()
  } else if (event.key === 'Escape') {
    // a search box would only empty itself
    event.preventDefault()
    palette.close()
  }
}

export function startPalette() {
  if (!palette) return
  on('click', '[data-palette]', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    openPalette()
  })
  input.addEventListener('keydown', key)
  input.addEventListener('input', (event) => {
    if (input.value.trim()) return
    event.stopImmediatePropagation()
    found.innerHTML = recent
    mark(0)
  }, true)
  palette.addEventListener('mousedown', (event) => { if (event.target === palette) palette.close() })
  document.addEventListener('htmx:after:settle', (event) => {
    if (event.target !== found) return
    if (!input.value.trim()) found.innerHTML = recent
    mark(0)
    announce(text('found', { count: hits().length }))
  })
}
