// Fields that need more than the browser gives: shown passwords, files that are dropped, long selects with search.
import { each, on, text } from './dom.js'
import { toast } from './toasts.js'

const MEGABYTE = 1024 * 1024

function size(bytes) {
  return bytes < MEGABYTE ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / MEGABYTE).toFixed(1)} MB`
}

function chosen(event, input) {
  const box = input.closest('[data-drop]')
  const name = box.querySelector('[data-file-name]')
  let file = input.files[0]
  const largest = Number(input.dataset.largest ?? 0)
  if (file && largest && file.size > largest) {
    toast(text('file-large', { name: file.name, size: size(largest) }), 'bad')
    input.value = ''
    file = undefined
  }
  name.textContent = file ? `${file.name} · ${size(file.size)}` : text('file-none')
  name.classList.toggle('chosen', Boolean(file))
  const preview = box.querySelector('[data-preview]')
  if (preview && file?.type.startsWith('image/')) {
    const picture = new Image()
    picture.alt = file.name
    picture.src = URL.createObjectURL(file)
    picture.addEventListener('load', () => URL.revokeObjectURL(picture.src), { once: true })
    preview.replaceChildren(picture)
  }
}

function shown(event, button) {
  const input = document.getElementById(button.getAttribute('aria-controls'))
  const show = input.type === 'password'
  input.type = show ? 'text' : 'password'
  button.setAttribute('aria-pressed', String(show))
}

// what is shown once is copied without being mistyped
async function copy(event, button) {
  const source = document.getElementById(button.dataset.copy)
  const words = source.value ?? [...source.children].map((each) => each.textContent.trim()).join('\n')
  try {
    await navigator.clipboard.writeText(words)
    toast(text('copied'))
  } catch {
    // without a secure connection the browser lets only people copy
    getSelection().selectAllChildren(source)
    source.select?.()
  }
}

// dates are typed the same way in every language; the browser's calendar only helps
function calendar(event, button) {
  const typed = document.getElementById(button.dataset.calendar)
  const picker = document.createElement('input')
  Object.assign(picker, { type: 'date', className: 'calendar-opened', tabIndex: -1, value: typed.value })
  picker.setAttribute('aria-hidden', 'true')
  button.after(picker)
  picker.addEventListener('input', (event) => event.stopPropagation())
  picker.addEventListener('change', () => {
    typed.value = picker.value
    typed.dispatchEvent(new Event('input', { bubbles: true }))
    typed.focus()
  })
  document.addEventListener('focusin', () => picker.remove(), { once: true })
  picker.showPicker()
}

// --- a select with search -------------------------------------------------------------------------------------

const LEAST = 8

function pick(select) {
  if (select.options.length < LEAST || select.dataset.picked || select.disabled) return
  select.dataset.picked = '1'
  const label = select.labels[0]
  label.id ||= `${select.id}-label`
  const box = document.createElement('div')
  box.className = 'pick'
  const list = `${select.id}-list`
  box.innerHTML = `<input class="input" role="combobox" aria-expanded="false" aria-autocomplete="list" autocomplete="off" spellcheck="false"><div class="pick-panel" hidden><div class="pick-list" role="listbox"></div></div>`
  const input = box.firstChild
  const panel = box.lastChild
  input.id = `${select.id}-pick`
  input.setAttribute('aria-controls', list)
  panel.firstChild.id = list
  panel.firstChild.setAttribute('aria-labelledby', label.id)
  for (const name of ['aria-describedby', 'aria-invalid', 'aria-required']) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name))
  }
  label.htmlFor = input.id
  select.hidden = true
  select.required = false
  select.after(box)
  new Picker(select, input, panel)
}

class Picker {
  constructor(select, input, panel) {
    Object.assign(this, { select, input, panel, list: panel.firstChild, at: -1 })
    this.settle()
    select.addEventListener('change', () => this.settle())
    input.addEventListener('focus', () => input.select())
    input.addEventListener('click', () => this.open())
    input.addEventListener('input', (event) => { event.stopPropagation(); this.open(input.value) })
    input.addEventListener('keydown', (event) => this.key(event))
    input.addEventListener('blur', () => { this.close(); this.settle() })
    this.list.addEventListener('mousedown', (event) => {
      event.preventDefault()
      const option = event.target.closest('[role=option]')
      if (option) this.choose(option)
    })
  }

  settle() {
    this.input.value = this.select.selectedOptions[0]?.label.trim() ?? ''
  }

  open(query = '') {
    const wanted = query.trim().toLowerCase()
    const hits = [...this.select.options].filter((option) => !option.hidden && option.label.toLowerCase().includes(wanted))
    this.list.replaceChildren(...hits.map((option, index) => {
      const row = document.createElement('div')
      row.id = `${this.list.id}-${index}`
      row.className = `pick-option check-depth-${wanted ? 0 : Math.min(option.dataset.depth ?? 0, 4)}`
      row.setAttribute('role', 'option')
      row.dataset.value = option.value
      row.textContent = option.label.trim()
      return row
    }))
    if (!hits.length) this.list.textContent = text('none-found')
    this.panel.hidden = false
    this.input.setAttribute('aria-expanded', 'true')
    this.mark(Math.max(0, hits.findIndex((option) => option.selected && !wanted)))
  }

  close() {
    this.panel.hidden = true
    this.input.setAttribute('aria-expanded', 'false')
    this.input.removeAttribute('aria-activedescendant')
  }

  mark(index) {
    const rows = [...this.list.querySelectorAll('[role=option]')]
    this.at = Math.min(Math.max(index, 0), rows.length - 1)
    rows.forEach((row, number) => row.setAttribute('aria-selected', String(number === this.at)))
    const row = rows[this.at]
    if (!row) return
    this.input.setAttribute('aria-activedescendant', row.id)
    row.scrollIntoView({ block: 'nearest' })
  }

  choose(row) {
    this.select.value = row.dataset.value
    this.select.dispatchEvent(new Event('input', { bubbles: true }))
    this.select.dispatchEvent(new Event('change', { bubbles: true }))
    this.settle()
    this.close()
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key]
    if (step) {
      event.preventDefault()
      if (this.panel.hidden) this.open()
      else this.mark(this.at + step)
    } else if (event.key === 'Enter' && !event.ctrlKey && !this.panel.hidden) {
      event.preventDefault()
      const row = this.list.querySelector('[aria-selected=true]')
      if (row) this.choose(row)
    } else if (event.key === 'Escape' && !this.panel.hidden) {
      event.preventDefault()
      event.stopPropagation()
      this.close()
      this.settle()
    }
  }
}

export function startFields() {
  on('click', '[data-eye]', shown)
  on('click', '[data-calendar]', calendar)
  on('click', '[data-copy]', copy)
  on('change', '.drop-input', chosen)
  // Chromium would send the form without a file
  on('keydown', '.drop-input', (event, input) => {
    if (event.key !== 'Enter' || event.ctrlKey) return
    event.preventDefault()
    input.showPicker()
  })
  for (const [type, over] of [['dragover', true], ['dragleave', false], ['drop', false]]) {
    on(type, '[data-drop]', (event, box) => box.classList.toggle('drop-over', over))
  }
  each('select[data-pick]', pick)
}
