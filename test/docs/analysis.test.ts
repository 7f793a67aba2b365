// The questions to the record are typed into one shell, in their order (`test/support/typed-page.ts` has the rules).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DIMENSIONS } from '../../core/cli/usage-query.ts'
import { freePort } from '../support/free-port.ts'
import { testTypedPage } from '../support/typed-page.ts'

const PAGE = 'docs/analysis.md'

describe(PAGE, function () {
  this.timeout(240_000)
  // Each block stands on those before it.
  this.bail(true)
  testTypedPage(PAGE, async () => ({ PORT: String(await freePort()) }))

  it('names what usage can be told apart by', () => {
    assert.ok(readFileSync(PAGE, 'utf8').includes(`\`${Object.keys(DIMENSIONS).join(' ')}\``))
  })
})
