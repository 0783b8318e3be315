import type { Message } from '../domain/message.js'
import { isVisible } from './clean-text.js'
import { outlineLine } from './outline-message.js'

const labelsMax = 20
const nameMax = 80
const valueMax = 300

/** Labels for vendors that have fields: cleaned, at most 20, names of 80 and values of 300 code points, none empty. */
export function outlineLabels(labels: Message['labels']): Record<string, string> {
  const shown = Object.entries(labels)
    .map(([name, value]) => [outlineLine(name, nameMax), outlineLine(value, valueMax)] as const)
    .filter(([name, value]) => isVisible(name) && isVisible(value))
  return Object.fromEntries(shown.slice(0, labelsMax))
}
