import { disguise } from './draft.js'
import { readConfigFiles, type SourceText } from './files.js'
import { secretKeysOf } from './frame.js'

/** Shorter ones would hit innocent words; where they stand behind a key that sounds secret they are disguised anyway. */
const secretLengthMin = 6

/**
 * Config files as somebody may change them in a draft: what is secret in them is disguised, in settings and in comments.
 * Rejects with `ConfigError` when they cannot be read.
 */
export async function readDraftTexts(files: string[], secrets: readonly string[]): Promise<SourceText[]> {
  const texts = await readConfigFiles(files, process.cwd())
  return texts.map(({ file, text }) => ({ file, text: disguiseText(text, secrets) }))
}

/** Known secrets, and whatever stands behind a key that sounds like one. The form of each stays. Pure. */
export function disguiseText(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) {
    if (secret.length >= secretLengthMin && shown.includes(secret)) shown = shown.replaceAll(secret, disguise(secret))
  }
  return shown.replace(secretKeysOf([]).rest, (whole, key: string, value: string) =>
    value.includes('${') || value.includes('{{') ? whole : key + disguise(value),
  )
}
