import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
// Inside node_modules, so that what the stand-ins import is found from there.
const bundle = new URL('../node_modules/.cache/mailtrigger/vendors.mjs', import.meta.url)

const entry = `
export { makeContext, makeMessage } from './test/channels/context.ts'
export { vendors } from './test/stand-ins/vendors/index.ts'
export { startVendor } from './test/stand-ins/vendors/vendor.ts'`

/**
 * The vendor stand-ins of the tests, which are TypeScript, for plain Node.
 * @returns {Promise<Pick<typeof import('../test/channels/context.js'), 'makeContext' | 'makeMessage'>
 *   & typeof import('../test/stand-ins/vendors/index.js')
 *   & Pick<typeof import('../test/stand-ins/vendors/vendor.js'), 'startVendor'>>}
 */
export async function loadVendors() {
  mkdirSync(new URL('.', bundle), { recursive: true })
  await build({
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    outfile: fileURLToPath(bundle),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  return import(bundle.href)
}
