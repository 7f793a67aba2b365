// The file system as the spool uses it, behind an interface so that tests can fill the disk. Nothing here knows what a frame is.
import fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MARK } from './ledger-mark.ts'
import { KEPT } from './segment.ts'

export interface SpoolFiles {
  /** Creates a file for writing; fails if it exists. */
  create(path: string): Promise<number>
  /** Writes at `position` and returns how many bytes went out, which may be fewer than `length`. */
  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number | Promise<number>
  truncate(file: number, length: number): Promise<void>
  sync(file: number): Promise<void>
  close(file: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Bytes and number of files in a folder that wait to be shipped; what only the limits need is not among them. */
  usage(folder: string): Promise<{ readonly bytes: number; readonly files: number }>
}

const open = promisify(fs.open)
const stat = promisify(fs.stat)
const readdir = promisify(fs.readdir)

type Write = (file: number, bytes: Buffer, offset: number, length: number, position: number) => number

/** A write that took longer than this met a disk that cannot keep up … */
const SLOW_MS = 5
/** … and for so long the event loop does not wait for it. */
const WARY_MS = 10_000
/** What is copied into the system's cache faster than another thread is woken for it. */
const SMALL_BYTES = 256 * 1024

/**
 * Writes at once what only goes into the system's cache; hands it to another thread while the disk is slow, and where it is much.
 * Why: docs/decisions/0014-writes-at-once.md.
 */
export function readyWriter(writeNow: Write, writeAside: SpoolFiles['write'], now: () => number): SpoolFiles['write'] {
  let waryUntil = -Infinity
  return (file, bytes, offset, length, position) => {
    const began = now()
    if (length > SMALL_BYTES || began < waryUntil) return writeAside(file, bytes, offset, length, position)
    const written = writeNow(file, bytes, offset, length, position)
    const ended = now()
    if (ended - began > SLOW_MS) waryUntil = ended + WARY_MS
    return written
  }
}

function writeAside(file: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, offset, length, position, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
}

async function usage(folder: string): Promise<{ bytes: number; files: number }> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(KEPT) && !name.startsWith(MARK))
  // A file may have been shipped and deleted between the listing and the look.
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  )
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), files: names.length }
}

export const diskFiles: SpoolFiles = {
  create: (path) => open(path, 'wx', 0o600),
  write: readyWriter(fs.writeSync, writeAside, () => performance.now()),
  truncate: promisify(fs.ftruncate),
  sync: promisify(fs.fdatasync),
  close: promisify(fs.close),
  rename: promisify(fs.rename),
  usage,
}
