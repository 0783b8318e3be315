import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RawMail } from '#src/domain/mail.js'
import type { Rejection } from '#src/domain/rejection.js'
import type { SmtpSettings } from '#src/domain/smtp-settings.js'
import { ensureCertificate } from '#src/receive/certificate.js'
import type { DailyCount } from '#src/receive/daily-counts.js'
import type { SmtpLimits } from '#src/receive/limits.js'
import { type SmtpListener, startSmtp } from '#src/receive/smtp.js'
import type { TlsMaterial } from '#src/receive/tls.js'
import { openSettings } from './open-settings.js'

export interface Gateway {
  listener: SmtpListener
  port: number
  settings: SmtpSettings
  certificate: TlsMaterial
  saved: RawMail[]
  rejections: Rejection[]
  /** Quotas that are spent, by the key of their sender. */
  spent: [key: string, max: number][]
  spoolFolder: string
  logged: { level: string; message: string; facts: Record<string, unknown> }[]
  [Symbol.asyncDispose]: () => Promise<void>
}

let certificate: Promise<TlsMaterial> | null = null

/** One pair for all tests of a file: making it is the slowest part. */
export function testCertificate(): Promise<TlsMaterial> {
  certificate ??= mkdtemp(join(tmpdir(), 'mailtrigger-cert-')).then(async (folder) => {
    const made = await ensureCertificate(folder, null, 'gateway.test')
    await rm(folder, { recursive: true })
    return { ...made, clientCa: null }
  })
  return certificate
}

/** A listener on a free port that keeps what it is given in memory, or whatever `save` does. */
export async function startGateway(
  settings: Partial<SmtpSettings> = {},
  more: {
    save?: (mail: RawMail) => Promise<void>
    limits?: Partial<SmtpLimits>
    isDiskFull?: () => boolean
    known?: DailyCount[]
    now?: () => number
    tls?: TlsMaterial
  } = {},
): Promise<Gateway> {
  const spoolFolder = await mkdtemp(join(tmpdir(), 'mailtrigger-spool-'))
  const saved: RawMail[] = []
  const rejections: Rejection[] = []
  const spent: Gateway['spent'] = []
  const logged: Gateway['logged'] = []
  const pair = more.tls ?? (await testCertificate())
  const complete = { ...openSettings, ...settings }
  let count = 0
  const listener = await startSmtp({
    settings: complete,
    hostname: 'gateway.test',
    tls: pair,
    save: async (mail) => {
      await more.save?.(mail)
      saved.push(mail)
    },
    onRejected: (rejection) => rejections.push(rejection),
    newId: () => `M${++count}`,
    now: more.now ?? (() => 1_700_000_000_000),
    known: more.known ?? [],
    onQuotaSpent: async (key, max) => void spent.push([key, max]),
    log: (level, message, facts) => logged.push({ level, message, facts }),
    spoolFolder,
    isDiskFull: more.isDiskFull ?? (() => false),
    limits: { authFailureDelayMs: 1, lingerMs: 100, ...more.limits },
  })
  const port = listener.addresses[0]?.port ?? 0
  return {
    listener,
    port,
    settings: complete,
    certificate: pair,
    saved,
    rejections,
    spent,
    logged,
    spoolFolder,
    async [Symbol.asyncDispose]() {
      await listener.stop()
      await rm(spoolFolder, { recursive: true, force: true })
    },
  }
}
