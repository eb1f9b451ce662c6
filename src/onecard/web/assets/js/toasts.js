// Short messages at the edge. The server sends {"toast": [{text, level}]} in HX-Trigger; pages bring theirs along.
import { text } from './dom.js'

const SHOWN_MS = 6000
const WAITING = 'onecard-toasts'
const place = document.getElementById('toasts')

export function toast(words, level = 'good') {
  const box = document.createElement('div')
  box.className = `toast tone-${level}`
  box.setAttribute('role', level === 'bad' ? 'alert' : 'status')
  const said = document.createElement('span')
  said.textContent = words
  box.append(said)
  place.append(box)
  onTop()
  arm(box)
}

// above a dialog that is open: what was shown last as a popover lies on top
function onTop() {
  if (!place.showPopover) return
  place.popover = 'manual'
  if (place.matches(':popover-open')) place.hidePopover()
  place.showPopover()
}

function arm(box) {
  const close = document.createElement('button')
  close.type = 'button'
  close.setAttribute('aria-label', text('close'))
  close.textContent = '×'
  close.addEventListener('click', () => box.remove())
  box.append(close)
  if (box.classList.contains('tone-bad')) return // an error stays until it is read
  let timer
  const start = () => { timer = setTimeout(() => box.remove(), SHOWN_MS) }
  box.addEventListener('pointerenter', () => clearTimeout(timer))
  box.addEventListener('pointerleave', start)
  start()
}

export function startToasts() {
  for (const box of place.children) arm(box)
  document.addEventListener('toast', (event) => {
    for (const each of [event.detail].flat()) toast(each.text ?? each.value, each.level)
  })
  // a message that came with “go to another page” is shown there
  addEventListener('pagehide', () => {
    const open = [...place.children].map((box) => [box.firstElementChild.textContent, box.className.split('tone-')[1]])
    if (open.length) sessionStorage.setItem(WAITING, JSON.stringify({ at: Date.now(), open }))
  })
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? 'null')
  sessionStorage.removeItem(WAITING)
  if (waiting && Date.now() - waiting.at < SHOWN_MS && !place.children.length) {
    for (const [words, level] of waiting.open) toast(words, level)
  }
}
