// The log: JSON lines for machines, one readable line per event on a terminal. Secrets are removed by form, wherever they stand.
import { pino, type DestinationStream } from 'pino'

/** The shape that the rest of the house logs with (`Log` of the plugin contract). */
export interface AppLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Customer keys, admin tokens, the usual forms of provider keys, and bearer headers. */
const SECRETS = /\bsp_(?:live|admin)_\w+|\bsk-[\w-]{16,}|\bBearer\s+[\w.~+/-]+=*/g
const HIDDEN = ['authorization', '*.authorization', '["x-api-key"]', '*["x-api-key"]', 'password', '*.password', 'secret', '*.secret']

/** `level`: trace, debug, info, warn, error, silent. `base`: fields of every line. Writes to stderr, so that stdout stays for what a command prints. */
export function createLog(level: string, base: object | null = null, destination: DestinationStream = stderr()): AppLog {
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: HIDDEN, censor: '[removed]' },
    },
    { write: (line) => destination.write(withoutSecrets(line)) },
  )
}

/** The text with everything that looks like a key replaced. */
export const withoutSecrets = (text: string): string => text.replaceAll(SECRETS, '[removed]')

function stderr(): DestinationStream {
  if (!process.stderr.isTTY) return pino.destination({ fd: 2, sync: true })
  return { write: (line) => void process.stderr.write(readable(line)) }
}

const COLOURS: { readonly [level: string]: number } = { debug: 90, info: 36, warn: 33, error: 31, fatal: 31 }

/** `12:00:00 warn  the message  key=value`, for people at a terminal. */
export function readable(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as {
    level: string
    time: string
    msg?: string
    err?: unknown
    [key: string]: unknown
  }
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const failure = errorText(err)
  const head = `${time.slice(11, 19)} \u001b[${COLOURS[level] ?? 0}m${level.padEnd(5)}\u001b[0m`
  return [head, msg, failure, ...rest].filter((part) => part !== undefined && part !== '').join(' ') + '\n'
}

function errorText(error: unknown): string | undefined {
  if (error === undefined || typeof error === 'string') return error
  const { stack, message } = error as { stack?: string; message?: string }
  return stack ?? message ?? JSON.stringify(error)
}
