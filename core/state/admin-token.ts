// The bootstrap token of the control plane: a secret file of its own, readable by its owner only, and replaced as a whole.
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSecrets } from './secrets.ts'

const NAME = 'admin-token'
/** Another process may have replaced it: this long the old one may still be taken. */
const KEEP_MS = 1000

export interface AdminToken {
  current(): string
  /** Makes a new one and returns it; the old one ends here at once, in other processes of this host within a second. */
  rotate(): string
}

/** `folder`: where the secrets are; a missing token is made. */
export function openAdminToken(folder: string): AdminToken {
  openSecrets(folder)(NAME)
  const path = join(folder, NAME)
  let known = { token: '', until: -Infinity }
  const read = (): string => {
    known = { token: `sp_admin_${readFileSync(path).toString('hex')}`, until: performance.now() + KEEP_MS }
    return known.token
  }
  return {
    current: () => (performance.now() < known.until ? known.token : read()),
    rotate() {
      const aside = `${path}.${process.pid}.new`
      writeFileSync(aside, randomBytes(32), { mode: 0o600 })
      renameSync(aside, path)
      return read()
    },
  }
}
