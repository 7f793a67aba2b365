// A copy of the repository with its packages, as the README installs them. That takes long, so all tests of a process share it.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { copyRepository, outsideEnvironment } from './copy.ts'

/** Types in nothing but this; the packages are there without any script of theirs. */
export const INSTALL = 'npm ci'

let folder: string | null = null

/** Installs at the first call. Tests of a file clean up what they make in it. */
export function installedCopy(): string {
  if (folder !== null) return folder
  folder = copyRepository()
  const environment = outsideEnvironment({ npm_config_ignore_scripts: 'true' })
  const { status, stdout, stderr } = spawnSync('bash', ['-c', INSTALL], { cwd: folder, env: environment, encoding: 'utf8' })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  return folder
}

// Of all files: what was installed goes when the last test has ended.
after(() => {
  if (folder !== null) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
