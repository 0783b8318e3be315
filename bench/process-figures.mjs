import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time for /proc in hundredths of a second on every architecture. */
const ticksPerSecond = 100

/** False where there is no /proc; the figures below are null there. */
export const hasProcFigures = process.platform === 'linux'

/** CPU seconds of a process with its threads and children, the ended ones included. @param {number} pid */
export function readCpuSeconds(pid) {
  if (!hasProcFigures) return null
  let ticks = 0
  for (const member of processTree(pid)) {
    const stat = readProc(`${member}/stat`)
    // The name, in parentheses, may itself hold blanks and parentheses; the figures follow the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime, stime, and the same of children that were waited for: fields 14 to 17 of proc(5).
    for (const field of fields.slice(11, 15)) ticks += Number(field)
  }
  return ticks / ticksPerSecond
}

/** Resident megabytes of a process with its children. @param {number} pid */
export function readRssMb(pid) {
  if (!hasProcFigures) return null
  let kilobytes = 0
  for (const member of processTree(pid)) {
    kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readProc(`${member}/status`))?.[1] ?? 0)
  }
  return kilobytes / 1024
}

/** @param {number} pid @returns {number[]} */
function processTree(pid) {
  const children = readThreads(pid).flatMap((thread) => readProc(`${pid}/task/${thread}/children`).split(' '))
  return [pid, ...children.filter(Boolean).flatMap((child) => processTree(Number(child)))]
}

/** @param {number} pid */
function readThreads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** A process may end between two looks at it; what is gone counts nothing. @param {string} path */
function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return ''
  }
}
