// The end of a session: announced a minute before, and never a sign-in page inside a panel.
import { text } from './dom.js'
import { ask, closeDialog } from './dialogs.js'

const WARN_S = 60
const idle = Number(document.body.dataset.idle)
let timer

function restart() {
  clearTimeout(timer)
  if (idle > WARN_S) timer = setTimeout(warn, (idle - WARN_S) * 1000)
}

async function warn() {
  const end = setTimeout(() => location.reload(), WARN_S * 1000)
  if (await ask(text('idle'), text('stay'))) {
    clearTimeout(end)
    await fetch(location.href, { headers: { accept: 'text/html' } })
    restart()
  }
}

// a whole page where a part was expected is the sign-in page or an error of a proxy: go there
function whole(event) {
  const { ctx } = event.detail
  const page = /^\s*(<!doctype|<html)/i.test(ctx.text ?? '')
  if (ctx.response.status !== 401 && !page) return
  event.preventDefault()
  closeDialog({ sure: true })
  location.href = page && ctx.request.method === 'GET' && ctx.response.status === 200 ? ctx.response.raw.url : location.href
}

// a one-time link carries its secret behind the #, which browsers send to nobody
function useLink() {
  const form = document.getElementById('from-fragment')
  const secret = location.hash.slice(1)
  if (!form || !secret) return
  history.replaceState(history.state, '', location.pathname + location.search)
  form.elements.code.value = secret
  form.requestSubmit()
}

export function startSession() {
  useLink()
  restart()
  document.addEventListener('htmx:after:request', restart)
  document.addEventListener('htmx:before:swap', whole)
}
