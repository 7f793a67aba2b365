// The pictures of the terminal show what the commands print today; `node scripts/screenshots.ts` draws them anew.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/copy.ts'
import { screenshots, toSvg } from '../../scripts/screenshots.ts'

const IMAGES = join(ROOT, 'docs/images')

describe('docs/images', function () {
  this.timeout(120_000)

  it('holds what the commands print, and nothing else', async () => {
    const drawn = await screenshots()
    assert.deepEqual(
      readdirSync(IMAGES)
        .filter((name) => name.endsWith('.svg'))
        .sort(),
      [...drawn.keys()].sort(),
    )
    for (const [name, svg] of drawn) assert.equal(readFileSync(join(IMAGES, name), 'utf8'), svg, `${name}: run node scripts/screenshots.ts`)
  })

  it('puts every run into its column, with its colour, and escapes what it shows', () => {
    const svg = toSvg('x', 'a \u001B[1;31m日本\u001B[0m <b> &')
    assert.match(svg, /x="16\.0"[^>]*>a<\/tspan>/)
    assert.match(svg, /x="32\.8" textLength="33\.6" fill="#ff7b72" font-weight="bold">日本/)
    assert.match(svg, /x="74\.8"[^>]*>&lt;b&gt;\u00a0&amp;/)
  })
})
