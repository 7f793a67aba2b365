// The value behind a reference to a credential. It is read when it is used, so that a rotated file needs no restart.
import { readFileSync } from 'node:fs'
import type { CredentialSource } from './config.ts'

/** The credential, or null when the reference leads nowhere: an unset variable, a missing or empty file. */
export function credentialValue(source: CredentialSource, environment: NodeJS.ProcessEnv = process.env): string | null {
  if ('env' in source) return environment[source.env] || null
  if ('file' in source) return fileText(source.file)
  return null
}

const KEPT_MS = 1000

/**
 * Reads credentials for the hot path: a value is kept for a second, so that a busy gateway does not read a file for each request, and a
 * rotated one counts within that second. What is missing is looked for each time.
 */
export function keptCredentials(now: () => number): (source: CredentialSource) => string | null {
  const kept = new WeakMap<CredentialSource, { readonly value: string; readonly until: number }>()
  return (source) => {
    const known = kept.get(source)
    if (known !== undefined && now() < known.until) return known.value
    const value = credentialValue(source)
    if (value === null) kept.delete(source)
    else kept.set(source, { value, until: now() + KEPT_MS })
    return value
  }
}

function fileText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null
  } catch {
    return null
  }
}
