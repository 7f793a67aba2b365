// What `policy check` says beyond the compiler, since it takes its time: tests that are missing, told by running those that are there, and
// patterns that run away. A gateway that loads its policies asks for none of it.
import { findRunawayPatterns, missingTests, openVerdictCache, type Diagnostic } from '../../dsl/index.ts'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runSetTests } from './coverage.ts'
import type { PolicySet } from './toolbox.ts'

/** Warnings about the files that the user named. `cacheFolder`: where verdicts on patterns are kept; null: nowhere. Throws if the policies do not check. */
export async function furtherDiagnostics(set: PolicySet, cacheFolder: string | null = userCacheFolder()): Promise<readonly Diagnostic[]> {
  const own = set.files.filter(({ path }) => set.isOwn(path))
  const cache = cacheFolder === null ? null : openVerdictCache(cacheFolder)
  const [patterns, tests] = [await findRunawayPatterns(own, cache), await findMissingTests(set)]
  return [...patterns, ...tests]
}

async function findMissingTests(set: PolicySet): Promise<readonly Diagnostic[]> {
  const { coverage } = await runSetTests(set, true)
  const policies = (set.bundle?.policies ?? []).filter(({ span }) => set.isOwn(span.file))
  // A policy that an overlay changes has variants; a test of one of them is enough.
  const reached = (branch: 'fires' | 'silent'): ReadonlySet<string> =>
    new Set(coverage?.flatMap(({ policy, uncovered }) => (uncovered.some((one) => one.branch === branch) ? [] : [policy])))
  return missingTests(policies, set.tests, { fired: reached('fires'), silent: reached('silent') })
}

/** Where this system keeps what a program can make again: `~/.cache/sallyport` unless it says otherwise. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'sallyport')
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'sallyport', 'cache')
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches', 'sallyport') : join(homedir(), '.cache', 'sallyport')
}
