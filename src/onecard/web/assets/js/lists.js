// Lists with keys and mouse: rows that are moved through, opened, selected; filters that follow the address.
import { announce, each, grouped, on, text, typing } from './dom.js'

const OWN = 'a, button, input, label, select, summary'
let focused = null // key of the row that had the focus, so that it gets it back after a swap
let last = null // check box that was pressed before, for Shift

const rowsOf = (table) => [...table.querySelectorAll('tr[data-row]')]
const boxOf = (row) => row.querySelector('input[name=key]')

export function focusRow(row) {
  row.tabIndex = -1
  row.focus()
  row.scrollIntoView({ block: 'nearest' })
}

function open(row) {
  const link = row.querySelector('td:not(.col-check) a[href]')
  if (link) link.click()
  else if (row.dataset.href) location.href = row.dataset.href
}

/** Move between rows; true when there was one to move to. */
export function moveRow(step, { select = false } = {}) {
  const table = document.activeElement.closest('[data-table]') ?? document.querySelector('main [data-table]')
  if (!table) return false
  const rows = rowsOf(table)
  const here = rows.indexOf(document.activeElement.closest('tr[data-row]'))
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step]
  if (!next) {
    if (here === 0 && step < 0) document.querySelector('[data-list-search]')?.focus()
    return here >= 0
  }
  if (select) for (const row of [rows[here], next]) if (row && boxOf(row)) boxOf(row).checked = true
  if (select) count(table)
  focusRow(next)
  return true
}

/** Keys of the row that has the focus; true when one was used. */
export function rowKey(key) {
  const row = document.activeElement.closest('tr[data-row]')
  if (key === 'x' && row && boxOf(row)) {
    boxOf(row).click()
    return true
  }
  if (key === 'Enter' && row === document.activeElement) {
    open(row)
    return true
  }
  return false
}

/** The page before or after. */
export function turnPage(which) {
  const link = document.querySelector(`main [data-page="${which}"]`)
  link?.click()
  return Boolean(link)
}

function count(table) {
  const boxes = [...table.querySelectorAll('input[name=key]')]
  const checked = boxes.filter((box) => box.checked).length
  const all = table.querySelector('[data-found]')
  if (all && !checked) all.checked = false
  const number = all?.checked ? Number(all.dataset.found) : checked
  const place = table.querySelector('[data-bulk-count]')
  if (place) place.textContent = checked ? text('selected', { count: grouped(number) }) : ''
  const head = table.querySelector('[data-check-all]')
  if (head) {
    head.checked = checked > 0 && checked === boxes.length
    head.indeterminate = checked > 0 && checked < boxes.length
  }
}

function select(event, box) {
  const table = box.closest('[data-table]')
  if (event.shiftKey && last?.isConnected && last !== box) {
    const boxes = [...table.querySelectorAll('input[name=key]')]
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b)
    for (const between of boxes.slice(from, to + 1)) between.checked = box.checked
  }
  last = box
  count(table)
}

// the form above a list shows what its address says, however it was changed: a chip, a branch of the tree, “back”
function follow(form) {
  const wanted = new URLSearchParams(location.search)
  const names = new Set()
  for (const control of form.elements) {
    if (!control.name || control.type === 'hidden') continue
    names.add(control.name)
    if (control.type === 'checkbox') control.checked = wanted.getAll(control.name).includes(control.value)
    else if (control !== document.activeElement) control.value = wanted.get(control.name) ?? ''
    // a select with search shows what is chosen in a field of its own
    if (control.matches('select')) control.dispatchEvent(new Event('change'))
  }
  form.querySelectorAll(':scope > input[type=hidden]').forEach((hidden) => hidden.remove())
  for (const [name, value] of wanted) {
    if (names.has(name) || name === 'page') continue
    const hidden = document.createElement('input')
    Object.assign(hidden, { type: 'hidden', name, value })
    form.prepend(hidden)
  }
}

function swapped(event) {
  const tables = (event.detail.newContent ?? []).filter((node) => node.matches?.('[data-table]'))
  for (const table of tables) {
    count(table)
    const form = document.querySelector(`[data-list-form="${table.id}"]`)
    if (form) {
      const chips = form.querySelector('[data-filter-count]')
      if (chips) chips.textContent = table.querySelectorAll('.chip').length || ''
      const total = table.querySelector('.pager-range, .empty p')
      if (form.contains(document.activeElement) && total) announce(total.textContent.trim())
    }
    if (focused?.table === table.id && !document.getElementById('dialog').open) {
      const row = rowsOf(table).find((each) => each.dataset.row === focused.key) ?? rowsOf(table)[0]
      if (row) focusRow(row)
    }
  }
}

function tidy({ detail: { ctx } }) {
  const { request } = ctx
  if (request.method !== 'GET' || !(request.body instanceof FormData)) return
  for (const [name, value] of [...request.body]) if (value === '') request.body.delete(name)
  if (ctx.sourceElement.matches('[data-list-form]')) request.action = request.action.split('?')[0]
}

const table = (context) => (context.target?.matches?.('[data-table]') ? context.target : null)

export function startLists() {
  document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => table(ctx)?.setAttribute('aria-busy', 'true'))
  document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => table(ctx)?.removeAttribute('aria-busy'))
  on('focusin', '[data-table]', (event, table) => {
    focused = { table: table.id, key: event.target.closest('tr[data-row]')?.dataset.row }
  })
  on('focusin', ':not([data-table] *)', (event) => {
    // the search box keeps the focus while its list is swapped
    if (!event.target.closest('[data-table], dialog')) focused = null
  })
  on('click', 'input[name=key]', select)
  on('click', '[data-check-all]', (event, head) => {
    const table = head.closest('[data-table]')
    for (const box of table.querySelectorAll('input[name=key]')) box.checked = head.checked
    count(table)
  })
  on('change', '[data-found]', (event, all) => count(all.closest('[data-table]')))
  on('click', 'tr[data-href]', (event, row) => {
    if (!event.target.closest(OWN) && !String(getSelection())) open(row)
  })
  document.addEventListener('htmx:after:settle', swapped)
  document.addEventListener('htmx:config:request', tidy)
  for (const type of ['push', 'replace']) {
    document.addEventListener(`htmx:after:history:${type}`, () => {
      document.querySelectorAll('[data-list-form]').forEach(follow)
    })
  }
  // letters of an input method on their way to a Chinese word are not searched for
  document.addEventListener('input', (event) => {
    if (event.isComposing && typing(event.target)) event.stopImmediatePropagation()
  }, true)
  document.addEventListener('compositionend', (event) => {
    event.target.dispatchEvent(new Event('input', { bubbles: true }))
  })
  each('[data-table]', count)
  // an address that does not answer leaves the list where it is
  document.addEventListener('htmx:before:swap', ({ detail: { ctx, tasks } }) => {
    if (ctx.response.status < 400) return
    for (const task of tasks) if (task.swapSpec.style === 'outerHTML') task.swapSpec = { style: 'innerHTML' }
  })
}
