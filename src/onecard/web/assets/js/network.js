// Three states, three sentences: no network here, a server that does not answer, live updates interrupted.
import { text } from './dom.js'
import { toast } from './toasts.js'

const PATIENCE_MS = 4000 // a stream that is back by then was never missed
const AGAIN_MS = 5000
const banner = document.getElementById('banner')
let state = 'good'
let timer
let streamLost = false

function show(next) {
  if (next === state) return
  const before = state
  state = next
  banner.hidden = next === 'good'
  banner.textContent = next === 'good' ? '' : text(next)
  if (next === 'good' && before !== 'good') toast(text('back'))
}

async function check() {
  clearTimeout(timer)
  if (!navigator.onLine) {
    show('offline')
    return
  }
  try {
    await fetch(document.querySelector('link[rel=icon]').href, { method: 'HEAD', cache: 'no-store' })
    show(streamLost ? 'stale' : 'good')
  } catch {
    show('unreachable')
  }
  if (state !== 'good') timer = setTimeout(check, AGAIN_MS)
}

/** A request got no answer; `words` are said where no form says them. */
export function lost(words) {
  if (words) toast(words, 'bad')
  check()
}

/** The stream of events opened or broke off. */
export function stream(next) {
  // it is tried again every two seconds, and says so each time
  if (next === 'lost' && streamLost) return
  streamLost = next === 'lost'
  clearTimeout(timer)
  timer = setTimeout(check, streamLost ? PATIENCE_MS : 0)
}

export function startNetwork() {
  addEventListener('offline', check)
  addEventListener('online', check)
}
