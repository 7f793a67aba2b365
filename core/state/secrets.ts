// Secrets the gateway makes for itself, such as the pepper of keys: one file each, readable by its owner only, made on first use.
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'

const BYTES = 32

/**
 * The secrets of a folder by name. The first reader makes a missing one; of several processes that try at once one wins and all read the same.
 * Throws on names that are no plain words, and on files that are too short to be a secret.
 */
export function openSecrets(folder: string): (name: string) => Buffer {
  const known = new Map<string, Buffer>()
  return (name) => {
    const secret = known.get(name) ?? readOrMake(folder, name)
    known.set(name, secret)
    return secret
  }
}

function readOrMake(folder: string, name: string): Buffer {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new RangeError(`not a name of a secret: ${name}`)
  const path = join(folder, name)
  const secret = readIfThere(path) ?? make(folder, path)
  if (secret.length < BYTES) throw new Error(`${path}: holds ${secret.length} bytes, a secret has ${BYTES}; restore the file from a backup`)
  return secret
}

/** Written aside and linked: the name appears with its whole content, and never over another. */
function make(folder: string, path: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const aside = `${path}.${process.pid}.new`
  writeFileSync(aside, randomBytes(BYTES), { mode: 0o600 })
  try {
    linkSync(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside)
  }
  return readFileSync(path)
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Where a configuration keeps them: beside the embedded state folder (`./data/secrets`), so that every command finds the same pepper. */
export function secretsFolder({ config, baseDir }: LoadedConfig): string {
  const { state } = config
  return state.driver === 'embedded' ? join(dirname(resolve(baseDir, state.path)), 'secrets') : resolve(baseDir, 'data', 'secrets')
}
