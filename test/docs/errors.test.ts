// `docs/errors.md` and the catalogue say the same, both ways.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CATALOGUE, type CatalogueEntry } from '../../core/errors/catalogue.ts'

interface Row {
  readonly code: string
  readonly status: number
  readonly shouldRetry: boolean
  readonly retryAfterSeconds: number | null
  readonly message: string
  readonly resolution: string
}

const ROW = /^\| (\d{3}) \| `(\w+)` \| (yes|no) \| (\d*) ?\| (.+) \| (.+) \|$/gm

const documented = [...readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8').matchAll(ROW)].map(
  ([, status, code, retry, after, message, resolution]): Row => ({
    code: code!,
    status: Number(status),
    shouldRetry: retry === 'yes',
    retryAfterSeconds: after === '' ? null : Number(after),
    message: message!,
    resolution: resolution!,
  }),
)

describe('docs/errors.md', () => {
  it('lists every code of the catalogue once, in its order', () => {
    assert.deepEqual(
      documented.map(({ code }) => code),
      Object.keys(CATALOGUE),
    )
  })

  for (const row of documented) {
    it(`says of ${row.code} what the gateway sends`, () => {
      const entry: CatalogueEntry | undefined = (CATALOGUE as { readonly [code: string]: CatalogueEntry })[row.code]
      assert.ok(entry, 'no such code')
      const { status, message, resolution, shouldRetry, retryAfterSeconds = null } = entry
      assert.deepEqual({ status, message, resolution, shouldRetry, retryAfterSeconds }, withoutCode(row))
    })
  }
})

function withoutCode({ code: _code, ...rest }: Row): Omit<Row, 'code'> {
  return rest
}
