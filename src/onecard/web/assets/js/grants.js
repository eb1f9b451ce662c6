// The tree of functions: heads are ticked, empty or in between; arrows move, Shift and arrows paint.
import { each, on } from './dom.js'

const all = (root, selector) => [...root.querySelectorAll(selector)]
const leaves = (group) => all(group, '[data-grant]')
const free = (group) => leaves(group).filter((box) => !box.disabled)

function show(tree) {
  for (const group of all(tree, '[data-grant-group]')) {
    const boxes = leaves(group)
    const on = boxes.filter((box) => box.checked).length
    const head = group.querySelector('[data-grant-all]')
    head.checked = on === boxes.length
    head.indeterminate = on > 0 && on < boxes.length
  }
  const boxes = leaves(tree)
  const count = tree.querySelector('[data-grants-count]')
  const number = boxes.filter((box) => box.checked).length
  count.textContent = `${number} / ${boxes.length}`
}

function set(boxes, value) {
  for (const box of boxes) box.checked = value
  boxes[0]?.dispatchEvent(new Event('input', { bubbles: true }))
}

function key(event, box) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
  if (!step || event.ctrlKey || event.altKey) return
  event.preventDefault()
  event.stopPropagation()
  const tree = box.closest('[data-grants]')
  const boxes = all(tree, '[data-grant-all], [data-grant]').filter((each) => !each.disabled && each.offsetParent)
  const next = boxes[boxes.indexOf(box) + step]
  if (!next) return
  next.focus()
  // painting gives the next one what this one has
  if (event.shiftKey && next.checked !== box.checked) next.click()
}

function find(event, input) {
  event.stopPropagation()
  const wanted = input.value.trim().toLowerCase()
  const tree = input.closest('[data-grants]')
  for (const branch of all(tree, '.grant-branch')) {
    const named = branch.querySelector('.grant-name').textContent.toLowerCase().includes(wanted)
    let any = false
    for (const grant of all(branch, '.grant')) {
      const hit = named || grant.textContent.toLowerCase().includes(wanted)
      grant.hidden = !hit
      any ||= hit
    }
    branch.hidden = !any
  }
  for (const area of all(tree, '.grant-area')) area.hidden = !area.querySelector('.grant-branch:not([hidden])')
}

export function startGrants() {
  on('keydown', '[data-grants] input[type=checkbox]', key)
  on('input', '[data-grants-search]', find, true)
  on('change', '[data-grant-all]', (event, head) => set(free(head.closest('[data-grant-group]')), head.checked))
  on('change', '[data-grants] input[type=checkbox]', (event, box) => show(box.closest('[data-grants]')))
  each('[data-grants]', show)
}
