// The value behind a reference to a credential. It is read when it is used, so that a rotated file needs no restart, and never kept.
import { readFileSync } from 'node:fs'
import type { CredentialSource } from './config.ts'

/** The credential, or null when the reference leads nowhere: an unset variable, a missing or empty file. */
export function credentialValue(source: CredentialSource, environment: NodeJS.ProcessEnv = process.env): string | null {
  if ('env' in source) return environment[source.env] || null
  if ('file' in source) return fileText(source.file)
  return null
}

function fileText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null
  } catch {
    return null
  }
}
