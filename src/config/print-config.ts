import { stringify } from 'yaml'

/** A redacted config as YAML, for people: strings are quoted where YAML would read something else. */
export function printConfig(shown: unknown): string {
  return stringify(shown, { lineWidth: 120, aliasDuplicateObjects: false })
}
