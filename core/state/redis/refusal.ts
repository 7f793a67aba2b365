// What an error of Redis means: that it cannot serve anybody now, or that it refuses this one command.
import { ReplyError } from 'ioredis'

/** Answers of a server that is there and cannot serve now. */
const CANNOT_SERVE = /^(LOADING|READONLY|MISCONF|OOM|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|UNKILLABLE|NOAUTH|NOPERM|WRONGPASS)\b/

/** Redis works, and will refuse this command again and again: a key holds something else than it should. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof ReplyError && !CANNOT_SERVE.test((error as Error).message)
}
