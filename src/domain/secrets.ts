/** Replaces every secret in a text that people will see. Short values are left, as they would hit innocent words. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) {
    if (secret.length >= 6 && shown.includes(secret)) shown = shown.replaceAll(secret, '•••')
  }
  return shown
}
