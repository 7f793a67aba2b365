// Why Redis could not be opened: that nobody is there, or does not let us in, which only its operator can change; or that it, or the machine,
// stumbled, which passes.
import { ReplyError } from 'ioredis'

/** Nobody listens at this address, or there is no such address. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EACCES', 'ENOENT'])
/** Answers of a server that is about to serve. */
const SOON = /^(LOADING|BUSY|TRYAGAIN|MASTERDOWN|CLUSTERDOWN)\b/

/** Thrown with a sentence that says what to do. */
export class NotOpenError extends Error {
  /** It is worth another try. */
  readonly passes: boolean

  constructor(address: string, error: unknown, { isKnown }: { readonly isKnown: boolean }) {
    super(`state.url: Redis at ${address} cannot be used (${messageOf(error)}); start it, or correct state.url`, { cause: error })
    this.name = 'NotOpenError'
    this.passes = passes(error, isKnown)
  }
}

function passes(error: unknown, isKnown: boolean): boolean {
  if (error instanceof ReplyError) return SOON.test((error as Error).message)
  if (isKnown) return true
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return !errors.some((one) => one instanceof Error && 'code' in one && NOBODY.has(one.code))
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
