// Forms: nothing typed is lost by accident, nothing is sent twice, a lost answer is told as what it is.
import { on, text } from './dom.js'

function tell(form, words) {
  const place = form.querySelector('[data-form-error]')
  if (!place) return false
  const note = document.createElement('div')
  note.className = 'note tone-bad'
  note.setAttribute('role', 'alert')
  note.textContent = words
  place.replaceChildren(note)
  note.scrollIntoView({ block: 'nearest' })
  return true
}

// a list is exported as its address says now; the page stays, so the form can be sent again
function asItStands(form) {
  const target = new URL(form.action)
  const wanted = new URLSearchParams(location.search)
  wanted.set('format', target.searchParams.get('format'))
  target.search = wanted
  form.action = target
}

// where a form is answered by a page: one press, one request
function sentOnce(event) {
  const form = event.target
  if (event.defaultPrevented || form.method === 'dialog') return
  if ('download' in form.dataset) {
    asItStands(form)
    return
  }
  if (form.dataset.sending) {
    event.preventDefault()
    return
  }
  form.dataset.sending = '1'
  event.submitter?.setAttribute('aria-busy', 'true')
}

function again() {
  for (const form of document.querySelectorAll('form[data-sending]')) {
    delete form.dataset.sending
    form.querySelectorAll('[aria-busy]').forEach((button) => button.removeAttribute('aria-busy'))
  }
}

export function startForms({ lost }) {
  on('input', 'form[data-guard]', (event, form) => { form.dataset.dirty = '1' })
  addEventListener('beforeunload', (event) => {
    const form = document.querySelector('form[data-guard][data-dirty]')
    if (form && !form.dataset.sending) event.preventDefault()
  })
  document.addEventListener('submit', sentOnce)
  addEventListener('pageshow', again)
  document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
    // an answer may send the browser to another page; what was typed is then saved
    if (ctx.request.form) ctx.request.form.dataset.sending = '1'
  })
  document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
    if (ctx.request.form && !ctx.hx?.redirect && !ctx.hx?.refresh) delete ctx.request.form.dataset.sending
  })
  document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
    if (!ctx) return
    const writes = ctx.request.method !== 'GET'
    const told = ctx.request.form && tell(ctx.request.form, text(writes ? 'unsure' : 'unread'))
    lost(told ? '' : text(writes ? 'unsure' : 'unread'))
  })
  on('change', 'select[data-submit]', (event, select) => select.form.requestSubmit())
}
