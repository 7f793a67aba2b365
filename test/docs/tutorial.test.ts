// The tutorial is typed into one shell, in its order (`test/support/typed-page.ts` has the rules).
import { freePort } from '../support/free-port.ts'
import { testTypedPage } from '../support/typed-page.ts'

describe('docs/tutorial.md', function () {
  this.timeout(120_000)
  // Each block stands on those before it.
  this.bail(true)
  testTypedPage('docs/tutorial.md', async () => ({ PORT: String(await freePort()) }))
})
