import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Debian's own Chromium, when it is installed: tests that need a browser are skipped without it. */
export const chromiumPath = findOnPath(['chromium', 'chromium-browser', 'google-chrome'])

/** A browser that asks nobody for anything by itself. */
export function openChromium(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0
  return chromium.launch({
    executablePath: chromiumPath ?? 'chromium',
    args: ['--disable-background-networking', ...(isRoot ? ['--no-sandbox'] : [])],
  })
}

function findOnPath(names: string[]): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // It is not in this folder.
      }
    }
  }
  return null
}
