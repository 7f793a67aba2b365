// Policies that are compiled in a thread of their own: whatever happens to the thread, the reload gets an answer.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileAside } from '../../../core/cli/compile-aside.ts'
import { PolicyError } from '../../../core/policy/load.ts'

const POLICY = 'module acme.m\npolicy acme.closed {\n  on   request\n  deny "acme.closed"\n}\n'
/** A plugin that does something when the thread loads it. */
const pluginThat = (does: string): string => `import { isMainThread } from 'node:worker_threads'
if (!isMainThread) { ${does} }
export default {
  name: 'odd', apiVersion: 1, summary: 'Odd.', config: { type: 'object', properties: {} }, setup: () => ({}), onFailure: {}, budgetMs: {},
}
`

describe('compiling aside', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-aside-'))
    mkdirSync(join(folder, 'plugin'))
    writeFileSync(join(folder, 'm.policy'), POLICY)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const compileWith = (does: string, timeoutMs?: number) => {
    writeFileSync(join(folder, 'plugin/index.ts'), pluginThat(does))
    const sources = { paths: [join(folder, 'm.policy')], baseDir: folder, pluginPaths: [join(folder, 'plugin')], plugins: {} }
    return compileAside(sources, timeoutMs)
  }

  it('answers with the bundle', async () => {
    const { bundle } = await compileWith('')
    assert.deepEqual(
      bundle.policies.map(({ id }) => id),
      ['acme.closed'],
    )
  })
  it('answers with what is wrong in the policies', async () => {
    writeFileSync(join(folder, 'm.policy'), POLICY.replace('deny', 'dney'))
    await assert.rejects(compileWith(''), (error) => error instanceof PolicyError && error.diagnostics.length === 1)
  })
  it('fails when the thread ends without an answer', async () => {
    await assert.rejects(compileWith('process.exit(0)'), /the thread that compiles policies ended with 0/)
  })
  it('fails when the thread does not come to an end', async () => {
    await assert.rejects(compileWith('for (;;);', 500), /compiling the policies took longer than 0.5 s/)
  })
})
