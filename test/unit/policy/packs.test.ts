// Every pack on the machinery that judges real exchanges: it checks, its tests pass, its detectors find their examples at run time as
// at compile time, and ordinary text, such as the documents of this repository, is left alone.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bindForTools, openPolicySet, runPolicyTests, type PolicySet } from '../../../core/policy/toolbox.ts'
import { runSetTests } from '../../../core/policy/coverage.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { proseOf } from '../detect/prose.ts'
import type { Finding } from '../../../core/model/content.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const SECONDS = 1000

/** How many findings the repository's own documents may hold, by pack: their made-up keys, addresses and hosts are some. */
const PACKS: { readonly [pack: string]: number } = { secrets: 12, personal: 8, enterprise: 20 }

const open = (pack: string): PolicySet => openPolicySet([join(ROOT, 'policies', pack)], PLUGINS)

/** Detectors that the pack declares itself, without unions. */
function ownDetectors(pack: string, { bundle }: PolicySet): NonNullable<PolicySet['bundle']>['detectors'] {
  return bundle!.detectors.filter(({ name, any }) => name.startsWith(`${pack}.`) && any.length === 0)
}

/** Certain enough for a policy to act on by itself; `near` would have to add to what is below. */
const CERTAIN = 0.6
const MOST_HITS_IN_CODE = 5

function filesBelow(folder: string, ending: string): readonly string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name))
}

/** Pages that quote the examples of detectors are full of findings on purpose. */
const QUOTING = ['detectors.md', 'policy-reference.md']
const DOCUMENTS = ['README.md', ...filesBelow('docs', '.md').filter((name) => !QUOTING.some((page) => name.endsWith(page)))]
const CODE = [...['core', 'dsl', 'plugins'].flatMap((folder) => filesBelow(folder, '.ts')), 'package.json', 'docker-compose.yml']

function textsAround(finding: Finding, text: string): string {
  return text.slice(Math.max(0, finding.start - 20), finding.end + 20).replaceAll('\n', '⏎')
}

for (const [pack, mostHits] of Object.entries(PACKS)) {
  describe(`the pack ${pack}`, function () {
    this.timeout(120 * SECONDS)
    let set: PolicySet
    let bound: ReturnType<typeof bindForTools>

    before(() => {
      set = open(pack)
      assert.deepEqual(set.diagnostics, [])
      bound = bindForTools(set)
    })
    after(() => bound.detection.close())

    const scan = async (texts: readonly string[], detectors: readonly string[]): Promise<readonly (readonly Finding[])[]> => {
      const { findings, failed } = await bound.detection.scan(texts, detectors, 20 * SECONDS)
      assert.deepEqual(failed, [])
      return findings
    }

    it('passes its own tests, and each policy has one that fires and one that is silent', async () => {
      const own = set.tests.filter(({ span }) => set.isOwn(span.file))
      const results = await runPolicyTests(set.bundle!, own, set.words)
      assert.deepEqual(
        results.flatMap(({ test, failures }) => failures.map(({ message }) => `${test.title}: ${message}`)),
        [],
      )
      const expected = new Set(
        own.flatMap(({ expect }) => expect.flatMap((one) => (one.kind === 'policy' ? [`${one.policy} ${one.outcome}`] : []))),
      )
      const policies = set.bundle!.policies.filter(({ span }) => set.isOwn(span.file))
      const missing = policies.flatMap(({ id }) => [`${id} fires`, `${id} silent`]).filter((line) => !expected.has(line))
      assert.deepEqual(missing, [])
    })

    it('shows for every detector what it finds and what it never does', () => {
      const bare = ownDetectors(pack, set).filter(({ examples, never }) => examples.length < 2 || never.length < 2)
      assert.deepEqual(
        bare.map(({ name }) => name),
        [],
      )
    })

    it('finds its examples at run time as at compile time', async () => {
      for (const { name, examples, never } of ownDetectors(pack, set)) {
        const found = await scan([...examples, ...never], [name])
        const missed = examples.filter((_, i) => found[i]!.length === 0)
        const wrong = never.filter((_, i) => found[examples.length + i]!.length > 0)
        assert.deepEqual({ missed, wrong }, { missed: [], wrong: [] }, name)
      }
    })

    it('knows the longest match of every pattern, so that a stream never waits without bound', () => {
      const unbounded = ownDetectors(pack, set).filter(({ patterns }) => patterns.some(({ maxLength }) => maxLength === null))
      assert.deepEqual(
        unbounded.map(({ name }) => name),
        [],
      )
    })

    it('has no use for a policy without a detector, nor for a detector without a policy', () => {
      const reachable = new Set<string>()
      const visit = (name: string): void => {
        reachable.add(name)
        for (const member of set.bundle!.detectors.find((one) => one.name === name)?.any ?? []) visit(member)
      }
      for (const { when } of set.bundle!.policies) {
        for (const [, path] of JSON.stringify(when).matchAll(/"found\.([a-z_.]+)\.(?:prompt|completion)[a-z.]*\.score"/g)) visit(path!)
      }
      const idle = ownDetectors(pack, set).filter(({ name }) => !reachable.has(name))
      assert.deepEqual(
        idle.map(({ name }) => name),
        [],
      )
    })

    it('leaves made-up prose alone', async () => {
      const detectors = ownDetectors(pack, set).map(({ name }) => name)
      const text = proseOf(7, 60_000)
      const [found] = await scan([text], detectors)
      assert.deepEqual(
        found!.map((finding) => `${finding.detector}: ${textsAround(finding, text)}`),
        [],
      )
    })

    it(`finds at most ${mostHits} things in the documents of this repository`, async () => {
      const hits = await hitsIn(DOCUMENTS, 0)
      assert.ok(DOCUMENTS.length > 5)
      assert.ok(hits.length <= mostHits, `${hits.length} hits:\n${hits.join('\n')}`)
    })

    it(`finds at most ${MOST_HITS_IN_CODE} things in the code of this repository`, async () => {
      const hits = await hitsIn(CODE, CERTAIN)
      assert.ok(CODE.length > 100)
      assert.ok(hits.length <= MOST_HITS_IN_CODE, `${hits.length} hits:\n${hits.join('\n')}`)
    })

    /** Findings of the pack's own detectors with what stands around them, by detector. */
    async function hitsIn(files: readonly string[], fromScore: number): Promise<readonly string[]> {
      const texts = files.map((name) => readFileSync(join(ROOT, name), 'utf8'))
      const found = await scan(
        texts,
        ownDetectors(pack, set).map(({ name }) => name),
      )
      return files
        .flatMap((file, i) =>
          found[i]!.filter(({ score }) => score >= fromScore).map(
            (finding) => `${finding.detector} in ${file}: ${textsAround(finding, texts[i]!)}`,
          ),
        )
        .sort()
    }
  })
}

describe('all policies of the repository together', function () {
  this.timeout(120 * SECONDS)

  it('check, agree in their tests, and leave no branch that no test reaches', async () => {
    const set = openPolicySet([join(ROOT, 'policies')], PLUGINS)
    assert.deepEqual(set.diagnostics, [])
    const { results, coverage } = await runSetTests(set, true)
    assert.deepEqual(
      results.flatMap(({ test, failures }) => failures.map(({ message }) => `${test.title}: ${message}`)),
      [],
    )
    assert.deepEqual(
      coverage!.flatMap(({ policy, uncovered }) => uncovered.map(({ text, reason }) => `${policy}: ${text}: ${reason}`)),
      [],
    )
  })
})
