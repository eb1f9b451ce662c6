// Short messages at the edge. The server sends {"toast": [{text, level}]} in HX-Trigger; pages bring theirs along.
import { text } from './dom.js'

const SHOWN_MS = 6000
const WAITING = 'onecard-toasts'
const place = document.getElementById('toasts')

export function toast(words, level = 'good', since = Date.now()) {
  const box = document.createElement('div')
  box.className = `toast tone-${level}`
  box.setAttribute('role', level === 'bad' ? 'alert' : 'status')
  const said = document.createElement('span')
  said.textContent = words
  box.append(said)
  place.append(box)
  onTop()
  arm(box, since)
}

// above a dialog that is open: what was shown last as a popover lies on top
function onTop() {
  if (!place.showPopover) return
  place.popover = 'manual'
  if (place.matches(':popover-open')) place.hidePopover()
  place.showPopover()
}

function arm(box, since = Date.now()) {
  box.dataset.since = since
  const close = document.createElement('button')
  close.type = 'button'
  close.setAttribute('aria-label', text('close'))
  close.textContent = '×'
  close.addEventListener('click', () => box.remove())
  box.append(close)
  if (box.classList.contains('tone-bad')) return // an error stays until it is read
  let timer
  const start = (left = SHOWN_MS) => { timer = setTimeout(() => box.remove(), left) }
  box.addEventListener('pointerenter', () => clearTimeout(timer))
  box.addEventListener('pointerleave', () => start())
  start(since + SHOWN_MS - Date.now())
}

export function startToasts() {
  for (const box of place.children) arm(box)
  document.addEventListener('toast', (event) => {
    for (const each of [event.detail].flat()) toast(each.text ?? each.value, each.level)
  })
  // a message that came with “go to another page” is shown there
  addEventListener('pagehide', () => {
    const open = [...place.children].map((box) => (
      [box.firstElementChild.textContent, box.className.split('tone-')[1], Number(box.dataset.since)]
    ))
    if (open.length) sessionStorage.setItem(WAITING, JSON.stringify(open))
  })
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? '[]')
  sessionStorage.removeItem(WAITING)
  if (place.children.length) return
  for (const [words, level, since] of waiting) if (Date.now() - since < SHOWN_MS) toast(words, level, since)
}
