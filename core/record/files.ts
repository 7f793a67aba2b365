// The file system as the spool uses it, behind an interface so that tests can fill the disk. Nothing here knows what a frame is.
import fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface SpoolFiles {
  /** Creates a file for writing; fails if it exists. */
  create(path: string): Promise<number>
  /** Writes at `position` and returns how many bytes went out, which may be fewer than `length`. */
  write(file: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number>
  truncate(file: number, length: number): Promise<void>
  sync(file: number): Promise<void>
  close(file: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Bytes and number of files in a folder. */
  usage(folder: string): Promise<{ readonly bytes: number; readonly files: number }>
}

const open = promisify(fs.open)
const stat = promisify(fs.stat)
const readdir = promisify(fs.readdir)

/** A write of nothing without an error would loop forever, so it counts as a full disk. */
function write(file: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, offset, length, position, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
}

async function usage(folder: string): Promise<{ bytes: number; files: number }> {
  const names = await readdir(folder)
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
  write,
  truncate: promisify(fs.ftruncate),
  sync: promisify(fs.fdatasync),
  close: promisify(fs.close),
  rename: promisify(fs.rename),
  usage,
}
