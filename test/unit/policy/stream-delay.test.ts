// How much the guards of the standard policies delay an ordinary streamed answer: by whole chunks and in characters, never in time.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { governorOf } from '../../support/stream-path.ts'
import { bindForTools, openPolicySet } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { proseOf, tokensOf } from '../detect/prose.ts'
import { STANDARD_POLICIES } from '../../../core/policy/load.ts'

const ROOT = join(import.meta.dirname, '../../..')
const SEEDS = process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100

/** A thousand paragraphs and lists out of pages that people wrote: ours, and those of the packages in use. Tables, code and badges are left out. */
const ANSWERS = globSync(['*.md', 'docs/decisions/*.md', 'docs/{configuration,metrics,admin-api}.md', 'node_modules/*/README.md'], {
  cwd: ROOT,
})
  .sort()
  .flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .replaceAll(/^```[^]*?^```/gm, '')
      .split(/\n\n+/),
  )
  .map((text) => text.trim().slice(0, 600))
  .filter((text) => text.length >= 80 && /^(?:[A-Z]|[-*#>] )/.test(text))
  .slice(0, 1000)

describe('an ordinary streamed answer', () => {
  const bound = bindForTools(openPolicySet([STANDARD_POLICIES], PLUGINS))
  after(() => bound.detection.close())

  it('shows its first text at most one upstream chunk later (median of a thousand), and comes out as it went in', () => {
    assert.equal(ANSWERS.length, 1000)
    const delays: number[] = []
    for (const answer of ANSWERS) {
      const guard = governorOf(bound)
      assert.equal(guard.transparent, false, 'the standard policies guard answers')
      const tokens = tokensOf(answer)
      const released = tokens.map((token) => guard.push('0/text', token))
      delays.push(released.findIndex((text) => text.trim() !== ''))
      assert.equal(released.join('') + guard.end('0/text'), tokens.join(''))
    }
    delays.sort((a, b) => a - b)
    assert.ok(!delays.includes(-1), 'some answer shows nothing before its end')
    assert.ok(delays[500]! <= 1, `median ${delays[500]} chunks`)
    assert.ok(delays[950]! <= 3, `${delays[950]} chunks in one of twenty`)
  })

  it('holds at most 24 characters', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const guard = governorOf(bound)
      for (const token of tokensOf(proseOf(seed, 600))) guard.push('0/text', token)
      assert.ok(guard.heldMost <= 24, `held ${guard.heldMost} characters (seed ${seed})`)
    }
  })
})
