import { readFile } from 'node:fs/promises'
import type { SmtpTls } from '../domain/smtp-settings.js'
import { ensureCertificate } from './certificate.js'
import { checkTls, type TlsMaterial } from './tls.js'

export interface TlsFiles {
  /** The last that could be used. */
  current: () => TlsMaterial
  /**
   * Takes over what is on disk. What cannot be used is left there: the program goes on with what it has, since expired
   * or not, that served until now, and mails that do not come in are worse. Null, or why nothing was taken over.
   */
  reload: (tls: SmtpTls) => Promise<string | null>
}

export interface TlsFilesOptions {
  dataFolder: string
  hostname: string
  now: () => number
}

/** Reads certificate, key and client authorities. Rejects when they cannot be used: then there is nothing to go on with. */
export async function openTlsFiles(tls: SmtpTls, options: TlsFilesOptions): Promise<TlsFiles> {
  let material = await readMaterial(tls, options)
  const trouble = checkTls(material)
  if (trouble !== null) throw new Error(`${trouble}; mend server.smtp.tls, or the files it names`)
  return {
    current: () => material,
    reload: async (next) => {
      try {
        const read = await readMaterial(next, options)
        const problem = checkTls(read)
        if (problem === null) material = read
        return problem
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    },
  }
}

/** What to watch for changes. The pair that the program makes itself changes by nobody else's hand. */
export function tlsPaths({ pair, clientCa }: SmtpTls): string[] {
  return [...(pair === null ? [] : [pair.cert, pair.key]), ...(clientCa === null ? [] : [clientCa])]
}

async function readMaterial(tls: SmtpTls, { dataFolder, hostname, now }: TlsFilesOptions): Promise<TlsMaterial> {
  const pair = await ensureCertificate(dataFolder, tls.pair, hostname, now)
  return { ...pair, clientCa: tls.clientCa === null ? null : await readFile(tls.clientCa, 'utf8') }
}
