// What stands in the files of a gateway that runs, which seals, ships and removes them meanwhile.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MOST_TRIES = 100

/** Files below a folder by path, as they are at one moment: where one is gone before it is read, all are read again. */
export function filesBelow(folder: string): ReadonlyMap<string, Buffer> {
  for (let tries = 1; ; tries++) {
    try {
      const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      return new Map(entries.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name))]))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === MOST_TRIES) throw error
    }
  }
}
