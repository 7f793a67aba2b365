// A copy of the repository as a newcomer gets it: what git knows of, and nothing that was built or installed.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Copies tracked and new files into a folder under the temporary directory, and returns it. */
export function copyRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-copy-'))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  for (const file of new Set(listed.split('\0'))) {
    if (file === '' || !existsSync(join(ROOT, file))) continue
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(ROOT, file), join(folder, file))
  }
  return folder
}

/** The environment of somebody outside this run: no settings of npm's own scripts, no pinned Node on the path, packages from the cache where they are. */
export function outsideEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(config_local_prefix|lifecycle|package|command|execpath|node_execpath)/.test(name) &&
      !/^(OPENAI|ANTHROPIC)_API_KEY$/.test(name),
  )
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'))
  return {
    ...Object.fromEntries(own),
    PATH: path.join(':'),
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    ...more,
  }
}
