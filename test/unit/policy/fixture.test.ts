import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import { openPolicySet, runPolicyTests } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { STANDARD_POLICIES } from '../../../core/policy/load.ts'

const FIXTURE = resolve(import.meta.dirname, '../../fixtures/policies/guard.policy')

describe('policy sets', () => {
  for (const path of [FIXTURE, STANDARD_POLICIES]) {
    it(`${path.split('/').slice(-2).join('/')} checks, and its own tests pass`, async () => {
      const set = openPolicySet([path], PLUGINS)
      assert.deepEqual(set.diagnostics, [])
      const results = await runPolicyTests(
        set.bundle!,
        set.tests.filter(({ span }) => set.isOwn(span.file)),
        set.words,
      )
      assert.ok(results.length > 10)
      assert.deepEqual(
        results.flatMap(({ test, failures }) => failures.map(({ message }) => `${test.title}: ${message}`)),
        [],
      )
    })

    it(`${path.split('/').slice(-2).join('/')} has a firing and a silent test for every policy`, async () => {
      const set = openPolicySet([path], PLUGINS)
      const own = set.bundle!.policies.filter(({ span }) => set.isOwn(span.file)).map(({ id }) => id)
      const results = await runPolicyTests(set.bundle!, set.tests, set.words)
      const fired = new Set(results.flatMap((result) => result.fired))
      const silent = own.filter((id) => results.some((result) => !result.fired.includes(id)))
      assert.deepEqual(
        own.filter((id) => !fired.has(id)),
        [],
        'never fires',
      )
      assert.deepEqual(silent, own)
    })
  }

  it('give the same bytes whatever the order of the files', () => {
    const files = ['detectors', 'pii', 'access', 'quotas', 'routing'].map((name) => join(STANDARD_POLICIES, `${name}.policy`))
    const hashes = [files, [...files].reverse()].map((paths) => openPolicySet(paths, PLUGINS).bundle!.hash)
    assert.equal(hashes[0], hashes[1])
  })
})
