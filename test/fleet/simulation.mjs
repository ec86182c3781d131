// Virtual time: a queue of callbacks, ordered by their time. Import this module before core, because it
// replaces the global timers: the deadline of a fetch would otherwise run in real time.

/** @typedef {{ at: number, nth: number, callback: (() => void) | undefined }} Entry */

/** The wall clock at the start of a simulation. */
const epoch = Date.UTC(2027, 0, 1)

/** The longest time in which the event loop was blocked, in milliseconds of CPU time. */
export const blocked = { longest: 0 }

let now = 0
let count = 0
/** A binary heap: each entry is before the entries at 2n + 1 and 2n + 2. @type {Entry[]} */
let heap = []

/** @type {(one: Entry, other: Entry) => boolean} */
const isBefore = (one, other) => one.at < other.at || (one.at === other.at && one.nth < other.nth)

/** @type {(entry: Entry) => void} */
function push(entry) {
  let index = heap.length
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = /** @type {Entry} */ (heap[parent])
    if (!isBefore(entry, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

/** @type {() => Entry} */
function pop() {
  const first = /** @type {Entry} */ (heap[0])
  const last = /** @type {Entry} */ (heap.pop())
  if (heap.length === 0) return first
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    const [left, right] = [heap[child], heap[child + 1]]
    if (!left) break
    let smaller = left
    if (right && isBefore(right, left)) {
      smaller = right
      child += 1
    }
    if (!isBefore(smaller, last)) break
    heap[index] = smaller
    index = child
  }
  heap[index] = last
  return first
}

/** Lets promises and the work of the thread pool settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** The current time of the simulation, in seconds. */
export const time = () => now / 1000

/** The same time as milliseconds of the wall clock. */
export const wallClock = () => epoch + now

/** Calls back at a time, in seconds. @type {(seconds: number, callback: () => void) => () => void} */
export function at(seconds, callback) {
  /** @type {Entry} */
  const entry = { at: Math.max(now, seconds * 1000), nth: count, callback }
  count += 1
  push(entry)
  return () => void (entry.callback = undefined)
}

/** Calls back after a delay, in seconds. @type {(seconds: number, callback: () => void) => () => void} */
export const after = (seconds, callback) => at(time() + seconds, callback)

/** Calls back in regular intervals, in seconds. @type {(from: number, to: number, interval: number, callback: () => void) => void} */
export function every(from, to, interval, callback) {
  at(from, () => {
    callback()
    if (from + interval < to) every(from + interval, to, interval, callback)
  })
}

/** Runs everything that is due until a time, in seconds. @type {(seconds: number) => Promise<void>} */
export async function runUntil(seconds) {
  const end = seconds * 1000
  await settle()
  while (heap.length > 0 && /** @type {Entry} */ (heap[0]).at <= end) {
    const entry = pop()
    if (!entry.callback) continue
    now = entry.at
    const before = process.cpuUsage()
    entry.callback()
    await settle()
    const { user, system } = process.cpuUsage(before)
    blocked.longest = Math.max(blocked.longest, (user + system) / 1000)
  }
  now = end
}

/** Starts again at zero. Drops everything that is scheduled. */
export function restart() {
  now = 0
  heap = []
  blocked.longest = 0
}

/** A clock for core. @param {number} [ahead] how far its wall clock is ahead, in seconds */
export const clockOf = (ahead = 0) => ({
  now: () => wallClock() + ahead * 1000,
  monotonic: () => now,
  schedule: (/** @type {number} */ delay, /** @type {() => void} */ callback) =>
    after(delay / 1000, callback),
})

Object.assign(globalThis, {
  setTimeout: (/** @type {() => void} */ callback, delay = 0) => after(delay / 1000, callback),
  clearTimeout: (/** @type {unknown} */ cancel) => void (typeof cancel === 'function' && cancel()),
})
