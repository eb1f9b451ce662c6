// Passkeys: the address in data-options gives what the browser is to be asked (JSON), its answer is posted as a form
// to the address in data-passkey, as the field `credential`.
import { on, text } from './dom.js'
import { toast } from './toasts.js'

const bytes = (word) => Uint8Array.from(atob(word.replace(/-/g, '+').replace(/_/g, '/')), (each) => each.charCodeAt(0))

function word(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)))
  return plain.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

const listed = (keys = []) => keys.map((key) => ({ ...key, id: bytes(key.id) }))

function create(options) {
  const user = { ...options.user, id: bytes(options.user.id) }
  const publicKey = { ...options, user, challenge: bytes(options.challenge), excludeCredentials: listed(options.excludeCredentials) }
  return navigator.credentials.create({ publicKey })
}

function get(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) }
  return navigator.credentials.get({ publicKey })
}

function written(credential) {
  const { response } = credential
  const parts = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']
  const said = Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, word(response[part])]))
  if (response.getTransports) said.transports = response.getTransports()
  return JSON.stringify({
    id: credential.id,
    rawId: word(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: said,
  })
}

function post(action, values) {
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action, hidden: true })
  for (const [name, value] of Object.entries(values)) {
    form.append(Object.assign(document.createElement('input'), { name, value }))
  }
  document.body.append(form)
  form.submit()
}

async function ask(event, button) {
  event.preventDefault()
  button.disabled = true
  try {
    const answer = await fetch(button.dataset.options, { method: 'POST', headers: { accept: 'application/json' } })
    const options = await answer.json()
    const credential = await (options.user ? create(options) : get(options))
    const next = document.querySelector('main input[name=next]')?.value
    post(button.dataset.passkey, { credential: written(credential), ...(next ? { next } : {}) })
  } catch {
    // nobody touched the key, or it is not one of this account's
    toast(text('passkey'), 'bad')
  } finally {
    button.disabled = false
  }
}

export function startPasskeys() {
  if (!globalThis.PublicKeyCredential) {
    for (const button of document.querySelectorAll('[data-passkey]')) button.hidden = true
  }
  on('click', '[data-passkey]', ask)
}
