// The form that tries a call of the API; loaded by its page only.
import { on } from './dom.js'

/** The request a form stands for: its address with what was filled in, headers and content. */
function request(form) {
  const { apiMethod: method, apiPath } = form.dataset
  const headers = { 'Accept-Language': document.documentElement.lang }
  const query = new URLSearchParams()
  let path = apiPath
  let body
  for (const field of form.querySelectorAll('[data-in]')) {
    const { in: place } = field.dataset
    const value = field.value.trim()
    if (!value) continue
    if (place === 'path') path = path.replace(`{${field.name}}`, encodeURIComponent(value))
    else if (place === 'header') headers[field.name] = value
    else if (place === 'body') body = value
    else for (const each of value.split(',')) query.append(field.name, each.trim())
  }
  if (body) headers['Content-Type'] = 'application/json'
  const search = query.toString()
  return [path + (search ? `?${search}` : ''), { method, headers, body }]
}

/** JSON with indents, anything else as it is. */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

on('submit', '[data-api-method]', async (event, form) => {
  event.preventDefault()
  const [address, options] = request(form)
  const shown = form.querySelector('.api-answer')
  const button = form.querySelector('[type=submit]')
  const begun = performance.now()
  button.disabled = true
  try {
    const answer = await fetch(address, options)
    const text = await answer.text()
    shown.querySelector('[data-api-status]').textContent = `${answer.status} ${answer.statusText}`
    shown.querySelector('[data-api-answer]').textContent = readable(text)
  } catch (error) {
    shown.querySelector('[data-api-status]').textContent = ''
    shown.querySelector('[data-api-answer]').textContent = String(error)
  } finally {
    shown.querySelector('[data-api-time]').textContent = `${Math.round(performance.now() - begun)} ms`
    shown.hidden = false
    button.disabled = false
  }
})
