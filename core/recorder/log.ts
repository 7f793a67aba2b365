// Log lines of the recorder: JSON on stderr, like the gateway's. The shape is that of every log in the house, so `serve` can pass its own.
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes to stderr under the name `recorder`. */
export const stderrLog: Log = {
  info: (fields, message) => write('info', fields, message),
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
}

function write(level: string, fields: object, message: string): void {
  process.stderr.write(
    JSON.stringify({ level, time: new Date().toISOString(), name: 'recorder', msg: message, ...fields }, withMessages) + '\n',
  )
}

/** An error's message is none of the members that JSON shows. */
const withMessages = (_name: string, value: unknown): unknown => (value instanceof Error ? value.message : value)
