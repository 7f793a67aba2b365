// Runs the tests of a policy text, and shows failures as a security engineer sees them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { openPolicySet, renderDiagnostics, runPolicyTests, type PolicySet } from '../../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import type { TestResult } from '../../../../core/policy/run-tests.ts'

/** Detectors and a verdict that the texts below build on. */
export const BASE = `module acme.t
default request allow
detector email { pattern /[a-z]+@[a-z]+[.]example/ score 0.6 }
detector card { pattern /4[0-9]{15}/ score 0.6 }
`

export function open(text: string): PolicySet {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-dsl-testing-'))
  try {
    writeFileSync(join(folder, 't.policy'), text)
    return openPolicySet([join(folder, 't.policy')], PLUGINS)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function runText(text: string): Promise<readonly TestResult[]> {
  const set = open(text)
  if (!set.bundle) throw new Error(renderDiagnostics(set.diagnostics, set.files, { colour: false }))
  const own = set.tests.filter(({ span }) => set.isOwn(span.file))
  return runPolicyTests(set.bundle, own, set.words)
}

/** Titles with the messages of what failed; an empty list is a test that passed. */
export async function outcomes(policies: string, tests: string): Promise<{ readonly [title: string]: readonly string[] }> {
  const results = await runText(BASE + policies + '\n' + tests)
  return Object.fromEntries(results.map(({ test, failures }) => [test.title, failures.map(({ message }) => message)]))
}

/** The messages of one test with this body. */
export async function run(policies: string, body: string): Promise<readonly string[]> {
  return (await outcomes(policies, `test "t" {\n${body}\n}`))['t']!
}

/** What `check` says about a test, as `code: message`. */
export function complaints(policies: string, body: string): readonly string[] {
  return open(`${BASE}${policies}\ntest "t" {\n${body}\n}`).diagnostics.map(({ code, message }) => `${code}: ${message}`)
}
