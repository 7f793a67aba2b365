// The page for applications is typed into one shell, in its order (`test/support/typed-page.ts` has the rules), and its tables are complete.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { freePort } from '../support/free-port.ts'
import { GOVERNED } from '../../core/server/routes.ts'
import { testTypedPage } from '../support/typed-page.ts'

const PAGE = 'docs/api.md'

describe(PAGE, function () {
  this.timeout(120_000)
  // Each block stands on those before it.
  this.bail(true)
  testTypedPage(PAGE, async () => ({ PORT: String(await freePort()) }))

  it('names every governed endpoint with its scope', () => {
    const page = readFileSync(PAGE, 'utf8')
    for (const [name, { scope }] of GOVERNED) assert.ok(page.includes(`| \`${name}\` | \`${scope}\` |`), name)
  })
  it('names every header of ours that requests and answers have', () => {
    const page = readFileSync(PAGE, 'utf8')
    const files = ['claims', 'headers', 'deliver'].map((name) => readFileSync(`core/pipeline/${name}.ts`, 'utf8'))
    const headers = new Set(files.flatMap((text) => [...text.matchAll(/'(x-sallyport-[a-z-]+)'/g)].map(([, header]) => header!)))
    assert.ok(headers.size > 8)
    for (const header of headers) assert.ok(page.includes(`\`${header}`), header)
  })
})
