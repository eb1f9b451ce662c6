// The keyboard layer. What a button is bound to is printed on it (data-key); while somebody types, only keys with
// Ctrl and function keys work. Keys that belong to the browser are never taken.
import { on, typing, visible } from './dom.js'
import { moveRow, rowKey, turnPage } from './lists.js'
import { goRecent, openPalette } from './palette.js'

const sheet = document.getElementById('keys')
let goes = 0 // until when a digit after “g” leads to a recent page
const GO_MS = 1500

const top = () => [...document.querySelectorAll('dialog[open]')].at(-1) ?? document

function name(event) {
  const parts = []
  if (event.ctrlKey) parts.push('Ctrl')
  if (event.altKey) parts.push('Alt')
  parts.push(event.key.length === 1 ? event.key.toLowerCase() : event.key)
  return parts.join('+')
}

function press(pressed, scope) {
  const button = [...scope.querySelectorAll('[data-key]')].find((each) => {
    const key = each.dataset.key
    // what stands in a menu that is closed can be pressed too
    const place = each.closest('details.menu') ?? each
    return (key.length === 1 ? key.toLowerCase() : key) === pressed && visible(place) && !each.disabled
  })
  button?.click()
  return Boolean(button)
}

function save(scope) {
  const form = document.activeElement.closest('form[data-guard], form[method=post]')
  const button = form?.querySelector('[data-key="Ctrl+Enter"]') ?? scope.querySelector('[data-key="Ctrl+Enter"]')
  if (button && !button.disabled) button.click()
  return Boolean(button)
}

function inList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const onControl = document.activeElement.closest('summary, [role=tree], [role=listbox], select')
  if (step && !onControl) return moveRow(step, { select: event.shiftKey })
  if (event.key === 'ArrowLeft' && !onControl) return turnPage('previous')
  if (event.key === 'ArrowRight' && !onControl) return turnPage('next')
  return rowKey(event.key)
}

function special(event, pressed, scope) {
  if (Date.now() < goes && /^[1-9]$/.test(pressed)) return goRecent(pressed)
  goes = 0
  if (scope === document) {
    if (pressed === '/') return focusSearch()
    if (pressed === 'g') {
      goes = Date.now() + GO_MS
      return true
    }
    if (inList(event)) return true
  }
  if (pressed === '?') return openSheet()
  return false
}

function focusSearch() {
  const search = document.querySelector('[data-list-search]')
  if (search) {
    search.focus()
    search.select()
  } else {
    openPalette()
  }
  return true
}

function openSheet() {
  if (sheet.open) return true
  const section = sheet.querySelector('[data-page-keys]')
  const list = section.querySelector('dl')
  const buttons = [...document.querySelectorAll('main [data-key][data-key-label]')]
  list.replaceChildren(...buttons.map((button) => {
    const line = document.createElement('div')
    const keys = document.createElement('dt')
    const shown = document.createElement('span')
    shown.className = 'keys'
    for (const part of button.dataset.key.split('+')) shown.append(Object.assign(document.createElement('kbd'), { textContent: part }))
    keys.append(shown)
    line.append(keys, Object.assign(document.createElement('dd'), { textContent: button.dataset.keyLabel }))
    return line
  }))
  section.hidden = !buttons.length
  sheet.showModal()
  return true
}

function pressedDown(event) {
  if (event.defaultPrevented || event.isComposing || event.metaKey) return
  const pressed = name(event)
  const scope = top()
  let used
  if (pressed === 'Ctrl+Enter') {
    used = save(scope)
  } else if (typing(event.target)) {
    used = (/^F\d|^(Ctrl|Alt)\+/.test(pressed) && press(pressed, scope)) || fromSearch(event)
  } else if (event.ctrlKey || event.altKey) {
    used = press(pressed, scope)
  } else {
    used = special(event, pressed, scope) || press(pressed, scope)
  }
  if (used) event.preventDefault()
}

// down from the search box leads into the list it filters
function fromSearch(event) {
  if (!event.target.matches('[data-list-search]')) return false
  if (event.key === 'ArrowDown') return moveRow(1)
  if (event.key !== 'Escape') return false
  if (event.target.value) {
    event.target.value = ''
    event.target.dispatchEvent(new Event('input', { bubbles: true }))
  } else {
    event.target.blur()
  }
  return true
}

export function startKeys() {
  document.addEventListener('keydown', pressedDown)
  on('click', '[data-key-sheet]', openSheet)
}
