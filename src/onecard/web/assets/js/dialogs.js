// The one dialog that parts are swapped into, and questions before something is done.
import { announce, fetchInto, on, text, typing, visible } from './dom.js'

const dialog = document.getElementById('dialog')
const body = document.getElementById('dialog-body')
const question = document.getElementById('question')

/** Put what an address answers into the dialog. */
export function openDialog(href, source) {
  return fetchInto('dialog-body', href, { source })
}

/** Ask; true after “yes”. What would lose something is not answered by pressing Enter once more. */
export function ask(words, yes, { careful = false } = {}) {
  question.querySelector('#question-text').textContent = words
  const button = question.querySelector('[data-yes]')
  button.dataset.usual ??= button.textContent
  button.textContent = yes ?? button.dataset.usual
  question.returnValue = 'no'
  question.showModal()
  const first = careful ? question.querySelector('[value=no]') : button
  first.focus()
  return new Promise((resolve) => {
    question.addEventListener('close', () => resolve(question.returnValue === 'yes'), { once: true })
  })
}

/** Close the dialog, unless something typed would be lost and is not meant to be. */
export async function closeDialog({ sure = false } = {}) {
  if (!dialog.open) return
  const changed = !sure && body.querySelector('form[data-guard][data-dirty]')
  if (changed && !(await ask(text('discard'), text('discard-yes'), { careful: true }))) return
  dialog.close()
}

/** Lists and records on the page show anew what was changed. */
export function changed() {
  if (document.querySelector('[data-stale-reload]') || !document.querySelector('[hx-trigger*="onecard:changed"]')) {
    location.reload()
  } else {
    document.body.dispatchEvent(new CustomEvent('onecard:changed'))
  }
}

// the field with the error, the one the form wants, the first one; never the close button
export function focusFirst(root) {
  const usable = (selector) => [...root.querySelectorAll(selector)].find(visible)
  const field =
    usable('[aria-invalid="true"]') ?? usable('[autofocus]') ??
    usable('input:not([type=hidden], [readonly], :disabled), select:not(:disabled), textarea:not([readonly])') ??
    usable('.dialog-foot .btn:last-of-type') ?? usable('.btn')
  field?.focus()
  if (field?.select && typing(field)) field.select()
}

function shown({ target }) {
  if (!target.matches?.('[data-form-host]')) return
  if (target === body) {
    if (!dialog.open) dialog.showModal()
    dialog.classList.toggle('has-error', body.querySelector('[aria-invalid]') !== null)
  }
  const error = target.querySelector('.field-error, [data-form-error] .note')
  if (error) announce(error.textContent.trim())
  focusFirst(target)
}

// an answer without content: done. Close, and show the lists anew.
function finished(event) {
  const { ctx } = event.detail
  const going = ctx.hx?.redirect || ctx.hx?.refresh || ctx.hx?.location
  if (ctx.response?.status !== 204 || going || ctx.request.method === 'GET') return
  closeDialog({ sure: true })
  changed()
}

// a link out of a form that was typed into: asked in our words; the browser's own question is for closing the tab
async function leave(event, link) {
  const form = document.querySelector('main form[data-guard][data-dirty]')
  if (!form || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.hash) return
  event.preventDefault()
  if (!(await ask(text('discard'), text('discard-yes'), { careful: true }))) return
  delete form.dataset.dirty
  location.href = link.href
}

export function startDialogs() {
  on('click', 'a[data-dialog]', (event, link) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return
    event.preventDefault()
    openDialog(link.href, link)
  })
  on('click', '[data-dialog-close]', (event) => {
    if (!event.target.closest('dialog')) return
    event.preventDefault()
    closeDialog()
  })
  on('click', 'a[href]:not([data-dialog], [target], [download])', leave)
  on('click', 'a[data-confirm]:not([data-dialog])', async (event, link) => {
    event.preventDefault()
    if (await ask(link.dataset.confirm)) location.href = link.href
  })
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    closeDialog()
  })
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) closeDialog()
  })
  dialog.addEventListener('close', () => {
    const done = body.querySelector('[data-changed]')
    body.replaceChildren()
    if (done) changed()
  })
  document.addEventListener('htmx:after:settle', shown)
  // a page that is one form begins in it
  const only = document.querySelector('.page-form[data-form-host], .page-form [data-form-host], .bare-card [data-form-host]')
  if (only && document.activeElement === document.body) focusFirst(only)
  document.addEventListener('htmx:finally:request', finished)
  document.addEventListener('htmx:confirm', async (event) => {
    event.preventDefault()
    const { ctx, issueRequest, dropRequest } = event.detail
    if (await ask(ctx.confirm)) issueRequest()
    else dropRequest()
  })
}
