import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof levels)[number]

/**
 * The program's log on stderr: lines for people on a terminal, JSON elsewhere.
 * Values that are secret never get as far as here; `redact` catches the field names that would carry one by mistake.
 */
export function createLogger(options: { level: LogLevel; terminal: boolean; color: boolean }): Logger {
  const settings = {
    level: options.level,
    base: null,
    redact: {
      paths: ['password', 'token', 'authorization', 'api_key', 'secret', '*.password', '*.token', '*.authorization'],
      censor: '•••',
    },
  }
  if (!options.terminal) return pino(settings, pino.destination({ fd: 2, sync: true }))
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: options.color,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
  })
  return pino(settings, stream)
}
