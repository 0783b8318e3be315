import type { NearMiss } from '../route/near-miss.js'
import type { Cli } from './cli.js'
import { cut, showText } from './print-trace.js'

const shownMax = 160

/** The nearest route, and the others by name; an empty text when no route came near. */
export function printNearMisses(misses: NearMiss[], { colors }: Pick<Cli, 'colors'>): string {
  const [nearest, ...others] = misses
  if (!nearest) return ''
  const line = (text: string): string => cut(showText(text), shownMax)
  const holds = `${nearest.held} ${nearest.held === 1 ? 'condition holds' : 'conditions hold'}`
  const lines = [
    `${colors.yellow('≈ nearest route')} ${colors.bold(line(nearest.route))}  ${colors.dim(`${line(nearest.position)}  ${holds}`)}`,
  ]
  if (nearest.reason !== null) lines.push(`    ${line(nearest.reason)}`)
  for (const { condition, seen, hint, suggestion } of nearest.failed) {
    lines.push(`    ${colors.red('✗')} ${line(condition)}${seen === null ? '' : colors.dim(`  saw: ${line(seen)}`)}`)
    if (hint !== null) lines.push(`      ${showText(hint)}`)
    if (suggestion !== null) lines.push(`      ${colors.dim('would match:')} ${showText(suggestion)}`)
  }
  for (const { route, position } of others) lines.push(colors.dim(`  then ${line(route)}  ${line(position)}`))
  return lines.join('\n')
}
